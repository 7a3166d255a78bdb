// Windows that move over NHWC images.
#ifndef CK_POOL_H
#define CK_POOL_H

#include "ck_types.h"

typedef struct {
  int32_t type;
  int64_t batch, height, width, channels;
  int64_t window_height, window_width, stride_height, stride_width, pad_top, pad_left;
  int64_t output_height, output_width;
} ck_pool;

/// Operands: images, result [batch, output_height * output_width, channels] (int32): position of each window's largest
/// element in the plane; the first of equals; padding never wins; a NaN wins; -1 where a window sees padding alone.
void ck_pool_argument(const void *parameters, void *const *operands);

/// Operands: images, result [batch, output_height, output_width, channels]: sums; padding counts as zero.
void ck_sum_pool(const void *parameters, void *const *operands);

/// The adjoint of `ck_sum_pool`. Operands: result's gradient, images' gradient.
void ck_sum_pool_gradient(const void *parameters, void *const *operands);

#endif
