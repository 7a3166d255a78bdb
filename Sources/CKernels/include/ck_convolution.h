// 2-d convolutions of NHWC images with HWIO weights, float32, for one group without dilation.
#ifndef CK_CONVOLUTION_H
#define CK_CONVOLUTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// source: [batch, height, width, channels]; weights: [kernel_height, kernel_width, channels, features]; destination:
/// [batch, output_height, output_width, features]. Beyond its edges the source is 0.
typedef struct {
  int64_t batch, height, width, channels;
  int64_t kernel_height, kernel_width, features;
  int64_t stride_height, stride_width;
  int64_t pad_top, pad_left;
  int64_t output_height, output_width;
} ck_convolution;

/// Whether a convolution takes fewer multiplications here than its definition has, and so less time (`winograd.c`).
bool ck_winograd_takes(const ck_convolution *shape);

/// Whether our kernels are faster than the library's: without AVX-512 always; with it on AMD's processors where they take fewer
/// multiplications.
bool ck_convolution_is_own(const ck_convolution *shape);

/// `ck_kernel`s on `ck_convolution`. Results do not depend on the number of threads.
///
/// Operands: source, weights, destination, scratch.
void ck_convolution_forward(const void *parameters, void *const *operands);
/// Operands: destination's gradient, weights, source's gradient, scratch.
void ck_convolution_data_gradient(const void *parameters, void *const *operands);
/// Operands: source, destination's gradient, weights' gradient, scratch.
void ck_convolution_weight_gradient(const void *parameters, void *const *operands);

/// Bytes of scratch memory that the kernels need.
size_t ck_convolution_forward_scratch_bytes(const ck_convolution *shape);
size_t ck_convolution_data_gradient_scratch_bytes(const ck_convolution *shape);
size_t ck_convolution_weight_gradient_scratch_bytes(const ck_convolution *shape);

#endif
