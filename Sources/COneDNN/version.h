// The differences between versions 2 and 3 of oneDNN's C interface, in one place.
#ifndef CD_VERSION_H
#define CD_VERSION_H

#include <dnnl.h>

#include "COneDNN.h"

#if DNNL_VERSION_MAJOR >= 3
typedef dnnl_memory_desc_t cd_descriptor;        // a handle that is owned
typedef const_dnnl_memory_desc_t cd_borrowed;    // what the library's functions take
#define CD_BORROW(d) (d)
#define CD_RELEASE(d) ((d) ? (void)dnnl_memory_desc_destroy(d) : (void)0)
#define CD_EMPTY NULL
#else
typedef dnnl_memory_desc_t cd_descriptor;        // a value
typedef const dnnl_memory_desc_t *cd_borrowed;
#define CD_BORROW(d) (&(d))
#define CD_RELEASE(d) ((void)0)
#define CD_EMPTY {0}
#endif

/// Strided float32 memory, and memory whose layout the library may choose.
dnnl_status_t cd_describe(cd_descriptor *descriptor, int rank, const int64_t *dims, const int64_t *strides);
dnnl_status_t cd_describe_any(cd_descriptor *descriptor, int rank, const int64_t *dims);

dnnl_status_t cd_append_relu(dnnl_post_ops_t operations);
dnnl_status_t cd_append_sum(dnnl_post_ops_t operations, float scale);

dnnl_status_t cd_matmul_descriptor(dnnl_primitive_desc_t *result, cd_borrowed a, cd_borrowed b, cd_borrowed bias,
                                   cd_borrowed c, const_dnnl_primitive_attr_t attributes);

typedef enum { CD_FORWARD, CD_DATA_GRADIENT, CD_WEIGHT_GRADIENT } cd_direction;

/// source, weights and destination stand for their gradients where those are computed.
dnnl_status_t cd_convolution_descriptor(dnnl_primitive_desc_t *result, cd_direction direction, cd_borrowed source,
                                        cd_borrowed weights, cd_borrowed bias, cd_borrowed destination,
                                        const int64_t *strides, const int64_t *dilations, const int64_t *low,
                                        const int64_t *high, const_dnnl_primitive_attr_t attributes);

dnnl_engine_t cd_engine(void);
dnnl_stream_t cd_stream(void);

#endif
