#include "ck_integer_rows.h"

#include "ck_types.h"
#include "ck_vector_math.h"

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

TARGET CK_INLINE float largest_lane(__m256 x) {
  __m128 y = _mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
  y = _mm_max_ps(y, _mm_movehl_ps(y, y));
  return _mm_cvtss_f32(_mm_max_ss(y, _mm_movehdup_ps(y)));
}

TARGET CK_INLINE float sum_of_lanes(__m256 x) {
  __m128 y = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
  y = _mm_add_ps(y, _mm_movehl_ps(y, y));
  return _mm_cvtss_f32(_mm_add_ss(y, _mm_movehdup_ps(y)));
}

// Sixteen multiples of float32 rounded to 16 bits.
TARGET CK_INLINE __m256i whole(__m256 low, __m256 high, __m256 factor) {
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

// Rows are read once, from memory: what comes a few lines later is asked for in time (measured: 15 % faster).
CK_INLINE void expect(const uint8_t *p) { _mm_prefetch((const char *)p + 1024, _MM_HINT_T0); }

CK_INLINE int32_t read32(const uint8_t *p) {
  int32_t x;
  memcpy(&x, p, 4);
  return x;
}

// Scales of the next blocks of a row, four at most, times those of the vector; what their minima contribute is added up. They
// come by registers: numbers that were just written in pieces are slow to read as a whole.
TARGET CK_INLINE void scales_of(const ck_weight_type type, const uint8_t *p, int64_t step, int64_t count,
                                const float *factors, const float *minima, float *scales, __m256 *rest) {
  if (type == CK_W_Q4_1) {
    __m128i halves = _mm_cvtsi32_si128(read32(p));
    if (count > 1) halves = _mm_insert_epi32(halves, read32(p + step), 1);
    if (count > 2) halves = _mm_insert_epi32(halves, read32(p + 2 * step), 2);
    if (count > 3) halves = _mm_insert_epi32(halves, read32(p + 3 * step), 3);
    __m256 pairs = _mm256_mul_ps(_mm256_cvtph_ps(halves), _mm256_loadu_ps(factors));
    _mm256_storeu_ps(scales, pairs);
    *rest = _mm256_add_ps(*rest, _mm256_blend_ps(pairs, _mm256_setzero_ps(), 0x55));
    return;
  }
  __m128i halves = _mm_cvtsi32_si128(read32(p) & 0xffff);
  if (count > 1) halves = _mm_insert_epi16(halves, read32(p + step), 1);
  if (count > 2) halves = _mm_insert_epi16(halves, read32(p + 2 * step), 2);
  if (count > 3) halves = _mm_insert_epi16(halves, read32(p + 3 * step), 3);
  __m128 d = _mm_cvtph_ps(halves);
  _mm_storeu_ps(scales, _mm_mul_ps(d, _mm_loadu_ps(factors)));
  if (type == CK_W_Q4_0)
    *rest = _mm256_add_ps(*rest, _mm256_zextps128_ps256(_mm_mul_ps(d, _mm_loadu_ps(minima))));
}

TARGET CK_INLINE __m256 nibbles(const uint8_t *p, const int16_t *x, const float *scale, __m256 total) {
  expect(p);
  __m256i q = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)p));
  q = _mm256_and_si256(_mm256_srlv_epi32(q, _mm256_setr_epi32(0, 0, 0, 0, 4, 4, 4, 4)), _mm256_set1_epi8(15));
  __m256i low = _mm256_unpacklo_epi8(q, _mm256_setzero_si256()), high = _mm256_unpackhi_epi8(q, _mm256_setzero_si256());
  low = _mm256_madd_epi16(low, _mm256_loadu_si256((const __m256i *)x));
  high = _mm256_madd_epi16(high, _mm256_loadu_si256((const __m256i *)(x + 16)));
  return _mm256_fmadd_ps(_mm256_cvtepi32_ps(_mm256_add_epi32(low, high)), _mm256_broadcast_ss(scale), total);
}

TARGET CK_INLINE __m256 bytes(const uint8_t *p, const int16_t *x, const float *scale, __m256 total) {
  expect(p);
  __m256i low = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)p));
  __m256i high = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(p + 16)));
  low = _mm256_madd_epi16(low, _mm256_loadu_si256((const __m256i *)x));
  high = _mm256_madd_epi16(high, _mm256_loadu_si256((const __m256i *)(x + 16)));
  return _mm256_fmadd_ps(_mm256_cvtepi32_ps(_mm256_add_epi32(low, high)), _mm256_broadcast_ss(scale), total);
}

TARGET CK_INLINE float row(const ck_weight_type type, const uint8_t *p, int64_t blocks, const int16_t *x,
                           const float *factors) {
  const int64_t step = type == CK_W_Q4_1 ? 20 : type == CK_W_Q4_0 ? 18 : 34, stride = type == CK_W_Q4_1 ? 2 : 1;
  const int64_t header = type == CK_W_Q4_1 ? 4 : 2;
  const float *minima = factors + blocks + 8;
  __m256 sums[2] = {_mm256_setzero_ps(), _mm256_setzero_ps()}, rest = _mm256_setzero_ps();
  float scales[8];
#define BLOCKS(COUNT)                                                                                       \
  scales_of(type, p, step, COUNT, factors, minima, scales, &rest);                                          \
  _Pragma("clang loop unroll(full)") for (int64_t i = 0; i < COUNT; i++)                                    \
    sums[i % 2] = type == CK_W_Q8_0                                                                         \
                      ? bytes(p + i * step + header, x + i * BLOCK, scales + i * stride, sums[i % 2])       \
                      : nibbles(p + i * step + header, x + i * BLOCK, scales + i * stride, sums[i % 2]);
  for (; blocks >= 4; blocks -= 4, p += 4 * step, x += 4 * BLOCK, factors += 4 * stride, minima += 4) {
    BLOCKS(4)
  }
  // A known count each, so that none of it is a loop.
  if (blocks == 1) {
    BLOCKS(1)
  } else if (blocks == 2) {
    BLOCKS(2)
  } else if (blocks == 3) {
    BLOCKS(3)
  }
#undef BLOCKS
  return sum_of_lanes(_mm256_add_ps(_mm256_add_ps(sums[0], sums[1]), rest));
}

TARGET void ck_integer_rows(ck_weight_type type, const uint8_t *weights, int64_t row_bytes, int64_t rows, int64_t columns,
                            const void *prepared, float *y) {
  int64_t blocks = columns / BLOCK;
  const float *factors = factors_of(prepared, columns);
  for (int64_t r = 0; r < rows; r++, weights += row_bytes) switch (type) {
      case CK_W_Q4_1: y[r] = row(CK_W_Q4_1, weights, blocks, prepared, factors); break;
      case CK_W_Q4_0: y[r] = row(CK_W_Q4_0, weights, blocks, prepared, factors); break;
      default: y[r] = row(CK_W_Q8_0, weights, blocks, prepared, factors);
    }
}

#else

bool ck_has_integer_rows(ck_weight_type type) { return false; }
int64_t ck_prepared_bytes(int64_t columns) { return 0; }
void ck_prepare(ck_weight_type type, const float *x, int64_t columns, void *prepared) {}
void ck_integer_rows(ck_weight_type type, const uint8_t *weights, int64_t row_bytes, int64_t rows, int64_t columns,
                     const void *prepared, float *y) {}

#endif
