// Convolutions with 3 x 3 taps and stride 1 by fewer multiplications.
#ifndef CK_WINOGRAD_H
#define CK_WINOGRAD_H

#include "ck_convolution.h"

/// For what `ck_winograd_takes` takes. Operands as those of `ck_convolution_forward` and its gradients, with as many bytes of scratch memory as asked for below.
void ck_winograd_forward(const ck_convolution *shape, void *const *operands);
void ck_winograd_data_gradient(const ck_convolution *shape, void *const *operands);
void ck_winograd_weight_gradient(const ck_convolution *shape, void *const *operands);

size_t ck_winograd_scratch_bytes(const ck_convolution *shape);
size_t ck_winograd_weight_gradient_scratch_bytes(const ck_convolution *shape);

#endif
