// float64 products, convolutions and decompositions through OpenBLAS and LAPACK. Products use the calling thread's number
// of threads, decompositions one where OpenBLAS has a pool of its own; no other thread's settings change a result.
#ifndef COPENBLAS_H
#define COPENBLAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CB_MAX_RANK = 6 };

/// A strided view of float64 numbers; strides in elements.
typedef struct {
  int rank;
  int64_t dims[CB_MAX_RANK];
  int64_t strides[CB_MAX_RANK];
} cb_view;

/// Parameters of `cb_matmul_run`: c = a b, or c += a b with `accumulate`; shapes as in `cd_matmul_create`. Strides
/// that BLAS cannot take (neither of the last two is 1) fall back to a plain loop.
typedef struct {
  cb_view a, b, c;
  bool accumulate;
} cb_matmul;

/// A `ck_kernel` on `cb_matmul`. Operands: a, b, c.
void cb_matmul_run(const void *parameters, void *const *operands);

/// The same convention as `cd_convolution` in COneDNN, for float64.
typedef struct {
  int64_t batch, height, width, channels;
  int64_t kernel_height, kernel_width;
  int64_t features, groups;
  int64_t stride_height, stride_width;
  int64_t dilation_height, dilation_width;
  int64_t pad_top, pad_bottom, pad_left, pad_right;
  int64_t output_height, output_width;
} cb_convolution;

/// Scratch in bytes that each of the three kernels below needs.
size_t cb_convolution_scratch_bytes(const cb_convolution *shape);
/// Operands: source, weights, destination, scratch.
void cb_convolution_forward_run(const void *parameters, void *const *operands);
/// Operands: destination's gradient, weights, source's gradient, scratch.
void cb_convolution_data_gradient_run(const void *parameters, void *const *operands);
/// Operands: source, destination's gradient, weights' gradient, scratch.
void cb_convolution_weight_gradient_run(const void *parameters, void *const *operands);

/// `batch` square matrices of n rows, float32 where `is_single` and else float64.
typedef struct {
  int64_t batch, n;
  bool is_single;
} cb_orthonormal_basis;

/// A `ck_kernel`. Operands: a, q: the factor of a = q r whose r has no negative diagonal. NaN where a is not finite.
void cb_orthonormal_basis_run(const void *parameters, void *const *operands);

// Decompositions; row-major, in place where it says so. Each returns LAPACK's info: 0 is success.

/// Thin singular value decomposition a = u diag(s) vt of an m x n matrix; a is overwritten.
/// u: m x min(m,n), s: min(m,n) descending, vt: min(m,n) x n.
int cb_svd(int64_t m, int64_t n, double *a, double *u, double *s, double *vt);
/// Eigenvalues (ascending) and eigenvectors (columns, overwriting a) of a symmetric n x n matrix.
int cb_symmetric_eigen(int64_t n, double *a, double *values);
/// Solves a x = b for `columns` right-hand sides; a (n x n) and b (n x columns, becomes x) are overwritten.
int cb_solve(int64_t n, int64_t columns, double *a, double *b);
/// Cholesky factor (lower) of a symmetric positive definite n x n matrix, in place.
int cb_cholesky(int64_t n, double *a);
/// Least squares min |a x - b| for an m x n matrix of full rank (m >= n); a and b are overwritten, x in b[0..<n].
int cb_least_squares(int64_t m, int64_t n, double *a, double *b);

const char *cb_version(void);

#endif
