// The counter-based generator Philox 4x32-10: element i depends on the key and on i only.
#ifndef CK_RANDOM_H
#define CK_RANDOM_H

#include "ck_types.h"

typedef enum { CK_UNIFORM = 0, CK_NORMAL = 1, CK_BITS = 2 } ck_distribution;

typedef struct {
  int32_t type;
  int32_t distribution;
  int64_t count;  // of each key's numbers
  int64_t keys;
} ck_random;

/// Operands: keys (2 x int32 each), result: the numbers of one key after those of another. Block b of four words fills float32 or int32 elements 4b..<4b+4 and float64
/// elements 2b..<2b+2. Uniform: the upper 24 (53) bits; normal: Box-Muller on successive pairs.
void ck_random_run(const void *parameters, void *const *operands);

#endif
