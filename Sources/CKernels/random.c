#define _GNU_SOURCE
#include "ck_random.h"

#include <math.h>

#include "ck_threads.h"

typedef struct {
  const ck_random *p;
  void *const *operands;
} job;

static void philox(uint64_t block, const uint32_t key[2], uint32_t words[4]) {
  uint32_t c0 = (uint32_t)block, c1 = (uint32_t)(block >> 32), c2 = 0, c3 = 0, k0 = key[0], k1 = key[1];
  for (int round = 0; round < 10; round++) {
    uint64_t a = (uint64_t)c0 * 0xD2511F53u, b = (uint64_t)c2 * 0xCD9E8D57u;
    uint32_t n0 = (uint32_t)(b >> 32) ^ c1 ^ k0, n2 = (uint32_t)(a >> 32) ^ c3 ^ k1;
    c1 = (uint32_t)b;
    c3 = (uint32_t)a;
    c0 = n0;
    c2 = n2;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  words[0] = c0;
  words[1] = c1;
  words[2] = c2;
  words[3] = c3;
}

// Both at once, to the same bits: half of the work is common.
static void sine_and_cosine(double angle, double *sine, double *cosine) {
#if defined(__GLIBC__)
  sincos(angle, sine, cosine);
#else
  *sine = sin(angle);
  *cosine = cos(angle);
#endif
}

static int64_t blocks_of_key(const ck_random *p) {
  int64_t per_block = p->type == CK_FLOAT64 ? 2 : 4;
  return (p->count + per_block - 1) / per_block;
}

static void blocks(void *context, int64_t begin, int64_t end) {
  const job *j = context;
  const ck_random *p = j->p;
  int wide = p->type == CK_FLOAT64, per_block = wide ? 2 : 4;
  for (int64_t item = begin, each = blocks_of_key(p); item < end; item++) {
    int64_t block = item % each, start = item / each * p->count;
    const uint32_t *key = (const uint32_t *)j->operands[0] + 2 * (item / each);
    uint32_t w[4];
    philox((uint64_t)block, key, w);
    double values[4];
    for (int i = 0; i < per_block; i++)
      values[i] = wide ? (double)(((uint64_t)w[2 * i] << 32 | w[2 * i + 1]) >> 11) * 0x1p-53 : (double)(w[i] >> 8) * 0x1p-24;
    if (p->distribution == CK_NORMAL)
      for (int i = 0; i < per_block; i += 2) {
        double radius = sqrt(-2 * log(1 - values[i])), sine, cosine;
        sine_and_cosine(2 * M_PI * values[i + 1], &sine, &cosine);
        values[i] = radius * cosine;
        values[i + 1] = radius * sine;
      }
    for (int i = 0; i < per_block && block * per_block + i < p->count; i++) {
      int64_t at = start + block * per_block + i;
      if (p->distribution == CK_BITS) ((uint32_t *)j->operands[1])[at] = w[i];
      else if (wide) ((double *)j->operands[1])[at] = values[i];
      else ((float *)j->operands[1])[at] = (float)values[i];
    }
  }
}

void ck_random_run(const void *parameters, void *const *operands) {
  const ck_random *p = parameters;
  job j = {p, operands};
  ck_parallel_for(p->keys * blocks_of_key(p), 1024, blocks, &j);
}
