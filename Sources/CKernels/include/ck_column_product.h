// float64 products of a matrix and a column, or of a row and a matrix.
#ifndef CK_COLUMN_PRODUCT_H
#define CK_COLUMN_PRODUCT_H

#include <stdbool.h>
#include <stdint.h>

/// y = a x, or y + a x where it `adds`. a: [m, k] with any strides, x: [k] and y: [m] with any step (all in elements). A row times
/// a matrix is the turned matrix times a column.
typedef struct {
  int64_t m, k, a_row, a_column, x_step, y_step;
  bool adds;
} ck_column_product;

/// Large ones are shared among threads. A result is one fixed chain of sums: its bits do not depend on their number.
void ck_column_product_run(const ck_column_product *product, const double *a, const double *x, double *y);

#endif
