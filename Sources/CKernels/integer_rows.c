#include "ck_integer_rows.h"

#include "ck_types.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#define TARGET __attribute__((target("avx2,fma,f16c")))

enum { BLOCK = 32 };

bool ck_has_integer_rows(ck_weight_type type) {
  bool is_known = type == CK_W_Q4_0 || type == CK_W_Q4_1 || type == CK_W_Q8_0;
  return is_known && ck_instruction_set_in_use() != CK_PORTABLE && __builtin_cpu_supports("f16c");
}

// Whole numbers, then two factors for each block: what its scale is multiplied with, and what its minimum is. Places for
// sixteen blocks more than there are, so that factors are read in whole vectors.
int64_t ck_prepared_bytes(int64_t columns) { return (columns * 2 + (columns / BLOCK + 16) * 8 + 63) / 64 * 64; }

static float *factors_of(const void *prepared, int64_t columns) { return (float *)((char *)prepared + columns * 2); }

TARGET static float largest_lane(__m256 x) {
  __m128 y = _mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
  y = _mm_max_ps(y, _mm_movehl_ps(y, y));
  return _mm_cvtss_f32(_mm_max_ss(y, _mm_movehdup_ps(y)));
}

TARGET static float sum_of_lanes(__m256 x) {
  __m128 y = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
  y = _mm_add_ps(y, _mm_movehl_ps(y, y));
  return _mm_cvtss_f32(_mm_add_ss(y, _mm_movehdup_ps(y)));
}

// Sixteen multiples of float32 rounded to 16 bits.
TARGET static __m256i whole(__m256 low, __m256 high, __m256 factor) {
  __m256i a = _mm256_cvtps_epi32(_mm256_mul_ps(low, factor)), b = _mm256_cvtps_epi32(_mm256_mul_ps(high, factor));
  return _mm256_permute4x64_epi64(_mm256_packs_epi32(a, b), 0xd8);
}

TARGET void ck_prepare(ck_weight_type type, const float *x, int64_t columns, void *prepared) {
  int16_t *numbers = prepared;
  float *factors = factors_of(prepared, columns);
  const __m256 magnitude = _mm256_castsi256_ps(_mm256_set1_epi32(0x7fffffff));
  int64_t blocks = columns / BLOCK;
  for (int64_t b = 0; b < blocks; b++, x += BLOCK, numbers += BLOCK) {
    __m256 part[4], largest = _mm256_setzero_ps(), sum = _mm256_setzero_ps();
    for (int i = 0; i < 4; i++) {
      part[i] = _mm256_loadu_ps(x + 8 * i);
      largest = _mm256_max_ps(_mm256_and_ps(part[i], magnitude), largest);
      sum = _mm256_add_ps(sum, part[i]);
    }
    float total = sum_of_lanes(sum), scale = largest_lane(largest) / 32767;
    // What is no number shows in the sum, if not in the largest.
    if (!(total - total == 0)) scale = total - total;
    __m256 inverse = _mm256_set1_ps(scale > 1e-35f ? 1 / scale : 0);
    __m256i low = whole(part[0], part[1], inverse), high = whole(part[2], part[3], inverse);
    if (type != CK_W_Q8_0) {
      // Nibbles are unpacked within halves of a register: 0...7 and 16...23, then the others.
      __m256i first = _mm256_permute2x128_si256(low, high, 0x20);
      high = _mm256_permute2x128_si256(low, high, 0x31);
      low = first;
    }
    _mm256_storeu_si256((__m256i *)numbers, low);
    _mm256_storeu_si256((__m256i *)(numbers + 16), high);
    if (type == CK_W_Q4_1) {
      factors[2 * b] = scale;
      factors[2 * b + 1] = total;
    } else {
      factors[b] = scale;
      factors[blocks + 8 + b] = -8 * total;
    }
  }
  // Factors behind the last are met by what is not of this row.
  int64_t used = type == CK_W_Q4_1 ? 2 * blocks : blocks;
  memset(factors + used, 0, 8 * sizeof(float));
  if (type != CK_W_Q4_1) memset(factors + blocks + 8 + blocks, 0, 8 * sizeof(float));
}

// Scales of the row's blocks times those of the vector, and the sum of what minima contribute.
TARGET static float scales_of(ck_weight_type type, const uint8_t *p, int64_t step, int64_t count, const float *factors,
                              const float *minima, uint16_t *halves, float *scales) {
  __m256 rest = _mm256_setzero_ps();
  if (type == CK_W_Q4_1) {
    for (int64_t b = 0; b < count; b++) memcpy(halves + 2 * b, p + b * step, 4);
    memset(halves + 2 * count, 0, 16);
    for (int64_t i = 0; i < 2 * count; i += 8) {
      __m256 pairs = _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(halves + i)));
      pairs = _mm256_mul_ps(pairs, _mm256_loadu_ps(factors + i));
      _mm256_storeu_ps(scales + i, pairs);
      rest = _mm256_add_ps(rest, _mm256_blend_ps(pairs, _mm256_setzero_ps(), 0x55));
    }
    return sum_of_lanes(rest);
  }
  for (int64_t b = 0; b < count; b++) memcpy(halves + b, p + b * step, 2);
  memset(halves + count, 0, 16);
  for (int64_t i = 0; i < count; i += 8) {
    __m256 d = _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(halves + i)));
    _mm256_storeu_ps(scales + i, _mm256_mul_ps(d, _mm256_loadu_ps(factors + i)));
    if (type == CK_W_Q4_0) rest = _mm256_fmadd_ps(d, _mm256_loadu_ps(minima + i), rest);
  }
  return sum_of_lanes(rest);
}

TARGET static __m256 nibbles(const uint8_t *p, const int16_t *x, const float *scale, __m256 total) {
  __m256i q = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)p));
  q = _mm256_and_si256(_mm256_srlv_epi32(q, _mm256_setr_epi32(0, 0, 0, 0, 4, 4, 4, 4)), _mm256_set1_epi8(15));
  __m256i low = _mm256_unpacklo_epi8(q, _mm256_setzero_si256()), high = _mm256_unpackhi_epi8(q, _mm256_setzero_si256());
  low = _mm256_madd_epi16(low, _mm256_loadu_si256((const __m256i *)x));
  high = _mm256_madd_epi16(high, _mm256_loadu_si256((const __m256i *)(x + 16)));
  return _mm256_fmadd_ps(_mm256_cvtepi32_ps(_mm256_add_epi32(low, high)), _mm256_broadcast_ss(scale), total);
}

TARGET static __m256 bytes(const uint8_t *p, const int16_t *x, const float *scale, __m256 total) {
  __m256i low = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)p));
  __m256i high = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(p + 16)));
  low = _mm256_madd_epi16(low, _mm256_loadu_si256((const __m256i *)x));
  high = _mm256_madd_epi16(high, _mm256_loadu_si256((const __m256i *)(x + 16)));
  return _mm256_fmadd_ps(_mm256_cvtepi32_ps(_mm256_add_epi32(low, high)), _mm256_broadcast_ss(scale), total);
}

// The blocks of a row in parts, so that scales have a place of a fixed size.
enum { PART = 64 };

#define ROW(NUMBERS, HEADER, STRIDE)                                                                          \
  for (int64_t b = 0; b + 2 <= count; b += 2) {                                                               \
    even = NUMBERS(p + b * step + HEADER, x + b * BLOCK, scales + b * STRIDE, even);                           \
    odd = NUMBERS(p + (b + 1) * step + HEADER, x + (b + 1) * BLOCK, scales + (b + 1) * STRIDE, odd);            \
  }                                                                                                           \
  if (count % 2)                                                                                              \
    even = NUMBERS(p + (count - 1) * step + HEADER, x + (count - 1) * BLOCK, scales + (count - 1) * STRIDE, even);

TARGET void ck_integer_rows(ck_weight_type type, const uint8_t *weights, int64_t row_bytes, int64_t rows, int64_t columns,
                            const void *prepared, float *y) {
  int64_t blocks = columns / BLOCK, step = ck_weight_block_bytes(type), stride = type == CK_W_Q4_1 ? 2 : 1;
  const float *factors = factors_of(prepared, columns);
  uint16_t halves[2 * PART + 8];
  float scales[2 * PART + 8];
  for (int64_t r = 0; r < rows; r++) {
    __m256 even = _mm256_setzero_ps(), odd = _mm256_setzero_ps();
    float rest = 0;
    for (int64_t first = 0; first < blocks; first += PART) {
      int64_t count = blocks - first < PART ? blocks - first : PART;
      const uint8_t *p = weights + r * row_bytes + first * step;
      const int16_t *x = (const int16_t *)prepared + first * BLOCK;
      rest += scales_of(type, p, step, count, factors + stride * first, factors + blocks + 8 + first, halves, scales);
      if (type == CK_W_Q4_1) {
        ROW(nibbles, 4, 2)
      } else if (type == CK_W_Q4_0) {
        ROW(nibbles, 2, 1)
      } else {
        ROW(bytes, 2, 1)
      }
    }
    y[r] = sum_of_lanes(_mm256_add_ps(even, odd)) + rest;
  }
}

#else

bool ck_has_integer_rows(ck_weight_type type) { return false; }
int64_t ck_prepared_bytes(int64_t columns) { return 0; }
void ck_prepare(ck_weight_type type, const float *x, int64_t columns, void *prepared) {}
void ck_integer_rows(ck_weight_type type, const uint8_t *weights, int64_t row_bytes, int64_t rows, int64_t columns,
                     const void *prepared, float *y) {}

#endif
