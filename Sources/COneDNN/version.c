#include "version.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "ck_threads.h"

static dnnl_engine_t engine;
// One engine for the process, one stream for each thread that runs programs.
static _Thread_local dnnl_stream_t stream;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t owner;

// A thread's stream ends with it.
static void end(void *own) { dnnl_stream_destroy(own); }

static void start(void) {
  dnnl_engine_create(&engine, dnnl_cpu, 0);
  if (pthread_key_create(&owner, end) != 0) abort();
}

dnnl_engine_t cd_engine(void) {
  pthread_once(&once, start);
  return engine;
}

dnnl_stream_t cd_stream(void) {
  if (!stream && dnnl_stream_create(&stream, cd_engine(), dnnl_stream_default_flags) == dnnl_success) {
    pthread_setspecific(owner, stream);
    // The library's threads are as many as ours, which may be fewer than there are cores.
    ck_lend_threads(ck_thread_count());
  }
  return stream;
}

int cd_version_major(void) { return dnnl_version()->major; }

const char *cd_version(void) {
  static char text[32];
  const dnnl_version_t *version = dnnl_version();
  snprintf(text, sizeof text, "%d.%d.%d", version->major, version->minor, version->patch);
  return text;
}

#if DNNL_VERSION_MAJOR >= 3

dnnl_status_t cd_describe(cd_descriptor *descriptor, int rank, const int64_t *dims, const int64_t *strides) {
  return dnnl_memory_desc_create_with_strides(descriptor, rank, dims, dnnl_f32, strides);
}

dnnl_status_t cd_describe_any(cd_descriptor *descriptor, int rank, const int64_t *dims) {
  return dnnl_memory_desc_create_with_tag(descriptor, rank, dims, dnnl_f32, dnnl_format_tag_any);
}

dnnl_status_t cd_append_relu(dnnl_post_ops_t operations) {
  return dnnl_post_ops_append_eltwise(operations, dnnl_eltwise_relu, 0, 0);
}

dnnl_status_t cd_append_sum(dnnl_post_ops_t operations, float scale) {
  return dnnl_post_ops_append_sum(operations, scale, 0, dnnl_f32);
}

dnnl_status_t cd_matmul_descriptor(dnnl_primitive_desc_t *result, cd_borrowed a, cd_borrowed b, cd_borrowed bias,
                                   cd_borrowed c, const_dnnl_primitive_attr_t attributes) {
  return dnnl_matmul_primitive_desc_create(result, cd_engine(), a, b, bias, c, attributes);
}

dnnl_status_t cd_convolution_descriptor(dnnl_primitive_desc_t *result, cd_direction direction, cd_borrowed source,
                                        cd_borrowed weights, cd_borrowed bias, cd_borrowed destination,
                                        const int64_t *strides, const int64_t *dilations, const int64_t *low,
                                        const int64_t *high, const_dnnl_primitive_attr_t attributes) {
  dnnl_primitive_desc_t hint = NULL;
  if (direction == CD_FORWARD)
    return dnnl_convolution_forward_primitive_desc_create(
        result, cd_engine(), dnnl_forward_training, dnnl_convolution_direct, source, weights, bias, destination, strides,
        dilations, low, high, attributes);
  dnnl_status_t status = dnnl_convolution_forward_primitive_desc_create(
      &hint, cd_engine(), dnnl_forward_training, dnnl_convolution_direct, source, weights, NULL, destination, strides,
      dilations, low, high, NULL);
  if (status != dnnl_success) return status;
  status = direction == CD_DATA_GRADIENT
               ? dnnl_convolution_backward_data_primitive_desc_create(
                     result, cd_engine(), dnnl_convolution_direct, source, weights, destination, strides, dilations, low,
                     high, hint, attributes)
               : dnnl_convolution_backward_weights_primitive_desc_create(
                     result, cd_engine(), dnnl_convolution_direct, source, weights, NULL, destination, strides,
                     dilations, low, high, hint, attributes);
  dnnl_primitive_desc_destroy(hint);
  return status;
}

#else

dnnl_status_t cd_describe(cd_descriptor *descriptor, int rank, const int64_t *dims, const int64_t *strides) {
  return dnnl_memory_desc_init_by_strides(descriptor, rank, dims, dnnl_f32, strides);
}

dnnl_status_t cd_describe_any(cd_descriptor *descriptor, int rank, const int64_t *dims) {
  return dnnl_memory_desc_init_by_tag(descriptor, rank, dims, dnnl_f32, dnnl_format_tag_any);
}

dnnl_status_t cd_append_relu(dnnl_post_ops_t operations) {
  return dnnl_post_ops_append_eltwise(operations, 1, dnnl_eltwise_relu, 0, 0);
}

dnnl_status_t cd_append_sum(dnnl_post_ops_t operations, float scale) { return dnnl_post_ops_append_sum(operations, scale); }

dnnl_status_t cd_matmul_descriptor(dnnl_primitive_desc_t *result, cd_borrowed a, cd_borrowed b, cd_borrowed bias,
                                   cd_borrowed c, const_dnnl_primitive_attr_t attributes) {
  dnnl_matmul_desc_t operation;
  dnnl_status_t status = dnnl_matmul_desc_init(&operation, a, b, bias, c);
  return status != dnnl_success ? status
                                : dnnl_primitive_desc_create(result, &operation, attributes, cd_engine(), NULL);
}

dnnl_status_t cd_convolution_descriptor(dnnl_primitive_desc_t *result, cd_direction direction, cd_borrowed source,
                                        cd_borrowed weights, cd_borrowed bias, cd_borrowed destination,
                                        const int64_t *strides, const int64_t *dilations, const int64_t *low,
                                        const int64_t *high, const_dnnl_primitive_attr_t attributes) {
  dnnl_convolution_desc_t operation;
  dnnl_primitive_desc_t hint = NULL;
  dnnl_status_t status = dnnl_dilated_convolution_forward_desc_init(
      &operation, dnnl_forward_training, dnnl_convolution_direct, source, weights,
      direction == CD_FORWARD ? bias : NULL, destination, strides, dilations, low, high);
  if (status != dnnl_success) return status;
  if (direction == CD_FORWARD) return dnnl_primitive_desc_create(result, &operation, attributes, cd_engine(), NULL);
  status = dnnl_primitive_desc_create(&hint, &operation, NULL, cd_engine(), NULL);
  if (status != dnnl_success) return status;
  status = direction == CD_DATA_GRADIENT
               ? dnnl_dilated_convolution_backward_data_desc_init(&operation, dnnl_convolution_direct, source, weights,
                                                                  destination, strides, dilations, low, high)
               : dnnl_dilated_convolution_backward_weights_desc_init(&operation, dnnl_convolution_direct, source,
                                                                     weights, NULL, destination, strides, dilations,
                                                                     low, high);
  if (status == dnnl_success) status = dnnl_primitive_desc_create(result, &operation, attributes, cd_engine(), hint);
  dnnl_primitive_desc_destroy(hint);
  return status;
}

#endif
