// float32 products of any size, in blocks that fit the caches, shared among threads.
#ifndef CK_BLOCKED_PRODUCT_H
#define CK_BLOCKED_PRODUCT_H

#include "ck_product.h"

enum {
  /// Columns, or steps, so few that products of them lay nothing out.
  CK_THIN = 8,
  /// The most steps of such columns, each of which is one chain of sums.
  CK_THIN_STEPS = 2048
};

/// Products of the same shape: `batch` of them, `a_step` and `b_step` numbers apart; results lie dense after one another.
/// A bias is that of all; an addend lies like the results. With an addend and more than one row and column, point + factor * c
/// may follow each c.
typedef struct {
  ck_product each;
  int64_t batch, a_step, b_step;
  int32_t has_follower;
} ck_blocked_product;

/// A `ck_kernel` on `ck_blocked_product`. Operands: those of `ck_product_run`; with a follower then its factor (one number), its
/// point (dense like c), and where its results go (may be the point itself).
///
/// A result is one chain of sums for each block of the inner extent (one for all of it where there are few columns), so that a row of
/// several has the same bits at any place and with any number of threads. A product of one row alone may sum in another order.
void ck_blocked_product_run(const void *parameters, void *const *operands);

#endif
