// Rows of blocks of small whole numbers times one vector, in whole numbers.
#ifndef CK_INTEGER_ROWS_H
#define CK_INTEGER_ROWS_H

#include <stdbool.h>

#include "ck_weights.h"

/// Whether this machine multiplies rows of a type in this way.
bool ck_has_integer_rows(ck_weight_type type);

/// Bytes that a vector takes when it is prepared; a multiple of 64.
int64_t ck_prepared_bytes(int64_t columns);

/// Writes a vector as whole numbers of 16 bits with a scale for each block of 32: an element is off by 1 / 65534 of the
/// largest of its block at most.
void ck_prepare(ck_weight_type type, const float *x, int64_t columns, void *prepared);

/// y[r] = row r times the vector, for rows `row_bytes` apart.
void ck_integer_rows(ck_weight_type type, const uint8_t *weights, int64_t row_bytes, int64_t rows, int64_t columns,
                     const void *prepared, float *y);

#endif
