// float32 matrix products and convolutions through oneDNN, versions 2 and 3 of its C interface behind one face.
// No type of oneDNN leaves this target.
#ifndef CONEDNN_H
#define CONEDNN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CD_MAX_RANK = 6 };

/// A strided view of float32 numbers; strides in elements.
typedef struct {
  int rank;
  int64_t dims[CD_MAX_RANK];
  int64_t strides[CD_MAX_RANK];
} cd_view;

typedef enum { CD_IDENTITY = 0, CD_RELU = 1 } cd_activation;

typedef struct cd_operation cd_operation;

/// Major version of the library in use, and its full version as text.
int cd_version_major(void);
const char *cd_version(void);

/// c = activation(a b + bias + addend_scale * addend). a: [batch..., m, k], b: [batch..., k, n],
/// c: [batch..., m, n]; batch dimensions equal. `bias` has n elements, or is absent;
/// the addend lies dense like c, may be c itself, and is absent where its scale is 0.
/// Operands: a, b, c, bias (where present), addend (where present), then scratch of `cd_scratch_bytes` (64-byte aligned; absent when zero).
/// Returns NULL and fills `error` when the library refuses.
cd_operation *cd_matmul_create(const cd_view *a, const cd_view *b, const cd_view *c, bool has_bias,
                               cd_activation activation, float addend_scale, char *error, size_t error_size);

/// A 2-d convolution of NHWC images with HWIO weights.
typedef struct {
  int64_t batch, height, width, channels;     // source: [batch, height, width, channels]
  int64_t kernel_height, kernel_width;        // weights: [kernel_height, kernel_width, channels / groups, features]
  int64_t features, groups;
  int64_t stride_height, stride_width;
  int64_t dilation_height, dilation_width;    // 1 = dense
  int64_t pad_top, pad_bottom, pad_left, pad_right;
  int64_t output_height, output_width;        // destination: [batch, output_height, output_width, features]
} cd_convolution;

/// Operands: source, weights, destination, bias (where present), scratch.
cd_operation *cd_convolution_forward_create(const cd_convolution *shape, bool has_bias, cd_activation activation,
                                            char *error, size_t error_size);
/// Operands: destination's gradient, weights, source's gradient (written), scratch.
cd_operation *cd_convolution_data_gradient_create(const cd_convolution *shape, char *error, size_t error_size);
/// Operands: source, destination's gradient, weights' gradient (written, HWIO), scratch.
cd_operation *cd_convolution_weight_gradient_create(const cd_convolution *shape, char *error, size_t error_size);

/// Whether a run shares its work among the library's threads, not among ours: as a convolution of fewer images than threads.
bool cd_uses_library_threads(const cd_operation *operation);

/// Scratch that every run of the operation needs; 0 when none.
size_t cd_scratch_bytes(const cd_operation *operation);

/// The implementation chosen by the library, for profiles ("jit:avx512_core", "gemm:ref" ...).
const char *cd_implementation(const cd_operation *operation);

/// Runs the operation: a `ck_kernel`, `parameters` being the `cd_operation`.
void cd_run(const void *parameters, void *const *operands);

void cd_operation_free(cd_operation *operation);

#endif
