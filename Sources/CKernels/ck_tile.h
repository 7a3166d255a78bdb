// A tile of numbers on its way between strided memory and the dense memory that kernels compute in.
#ifndef CK_TILE_H
#define CK_TILE_H

#include <stdbool.h>

#include "ck_types.h"

/// How many units, rows of a unit and columns of a row a tile has; or how far they lie apart in memory, in numbers.
typedef struct {
  int64_t units, rows, columns;
} ck_tile;

static inline int64_t ck_tile_count(ck_tile t) { return t.units * t.rows * t.columns; }

/// Whether the numbers lie one after another.
static inline bool ck_tile_is_dense(ck_tile size, ck_tile apart) {
  return (size.columns == 1 || apart.columns == 1) && (size.rows == 1 || apart.rows == size.columns) &&
         (size.units == 1 || apart.units == size.rows * size.columns);
}

/// Copies numbers that lie `apart` to memory where they are dense, and back.
void ck_tile_load(void *dense, ck_type type, const void *source, ck_tile size, ck_tile apart);
void ck_tile_store(const void *dense, ck_type type, void *target, ck_tile size, ck_tile apart);

/// One number n times.
void ck_splat(void *target, ck_type type, const void *value, int64_t n);

#endif
