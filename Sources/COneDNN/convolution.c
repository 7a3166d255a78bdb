#include <stdlib.h>
#include <string.h>

#include "ck_threads.h"
#include "ck_types.h"
#include "operation.h"

// Logical dimensions (NCHW, OIHW or GOIHW) over NHWC and HWIO memory.
typedef struct {
  int64_t source[4], source_strides[4], destination[4], destination_strides[4];
  int64_t weights[5], weight_strides[5];
  int weight_rank;
  int64_t strides[2], dilations[2], low[2], high[2], bias[1], bias_strides[1];
} layout;

static layout layout_of(const cd_convolution *s) {
  layout l = {
      .source = {s->batch, s->channels, s->height, s->width},
      .source_strides = {s->height * s->width * s->channels, 1, s->width * s->channels, s->channels},
      .destination = {s->batch, s->features, s->output_height, s->output_width},
      .destination_strides = {s->output_height * s->output_width * s->features, 1, s->output_width * s->features,
                              s->features},
      .strides = {s->stride_height, s->stride_width},
      .dilations = {s->dilation_height - 1, s->dilation_width - 1},
      .low = {s->pad_top, s->pad_left},
      .high = {s->pad_bottom, s->pad_right},
      .bias = {s->features},
      .bias_strides = {1},
  };
  int64_t inner = s->channels / s->groups, row = s->kernel_width * inner * s->features;
  int64_t dims[5] = {s->groups, s->features / s->groups, inner, s->kernel_height, s->kernel_width};
  int64_t strides[5] = {s->features / s->groups, 1, s->features, row, inner * s->features};
  int skip = s->groups == 1 ? 1 : 0;
  l.weight_rank = 5 - skip;
  memcpy(l.weights, dims + skip, sizeof(int64_t) * (size_t)l.weight_rank);
  memcpy(l.weight_strides, strides + skip, sizeof(int64_t) * (size_t)l.weight_rank);
  return l;
}

static cd_operation *convolution_create(const cd_convolution *shape, cd_direction direction, bool has_bias,
                                        cd_activation activation, char *error, size_t error_size) {
  cd_stream();
  cd_operation *o = calloc(1, sizeof *o);
  layout l = layout_of(shape);
  cd_descriptor source = CD_EMPTY, destination = CD_EMPTY, any = CD_EMPTY, plain = CD_EMPTY, bias = CD_EMPTY;
  dnnl_primitive_attr_t attributes = cd_attributes_with(activation, 0);
  dnnl_status_t status = cd_describe(&source, 4, l.source, l.source_strides);
  if (status == dnnl_success) status = cd_describe(&destination, 4, l.destination, l.destination_strides);
  if (status == dnnl_success) status = cd_describe_any(&any, l.weight_rank, l.weights);
  if (status == dnnl_success) status = cd_describe(&plain, l.weight_rank, l.weights, l.weight_strides);
  if (status == dnnl_success && has_bias) status = cd_describe(&bias, 1, l.bias, l.bias_strides);
  if (status == dnnl_success)
    status = cd_convolution_descriptor(&o->descriptor, direction, CD_BORROW(source), CD_BORROW(any),
                                       has_bias ? CD_BORROW(bias) : NULL, CD_BORROW(destination), l.strides, l.dilations,
                                       l.low, l.high, attributes);
  bool gradient_of_weights = direction == CD_WEIGHT_GRADIENT;
  // Operands: forward source, weights, destination; data gradient destination, weights, source; weight gradient
  // source, destination, weights.
  int source_operand = direction == CD_DATA_GRADIENT ? 2 : 0;
  int destination_operand = direction == CD_FORWARD ? 2 : direction == CD_DATA_GRADIENT ? 0 : 1;
  o->weights_operand = gradient_of_weights ? 2 : 1;
  o->reorders_after = gradient_of_weights;
  if (status == dnnl_success)
    status = cd_add_argument(o, direction == CD_DATA_GRADIENT ? DNNL_ARG_DIFF_SRC : DNNL_ARG_SRC, CD_BORROW(source),
                          source_operand);
  if (status == dnnl_success)
    status = cd_add_argument(o, direction == CD_FORWARD ? DNNL_ARG_DST : DNNL_ARG_DIFF_DST, CD_BORROW(destination),
                          destination_operand);
  if (status == dnnl_success) {
    cd_borrowed chosen = dnnl_primitive_desc_query_md(
        o->descriptor, gradient_of_weights ? dnnl_query_diff_weights_md : dnnl_query_weights_md, 0);
    int name = gradient_of_weights ? DNNL_ARG_DIFF_WEIGHTS : DNNL_ARG_WEIGHTS;
    if (dnnl_memory_desc_equal(chosen, CD_BORROW(plain))) {
      status = cd_add_argument(o, name, CD_BORROW(plain), o->weights_operand);
    } else {
      status = cd_add_argument(o, name, chosen, -1);
      dnnl_primitive_desc_t reorder = NULL;
      if (status == dnnl_success) {
        o->blocked_weights = o->arguments[o->argument_count - 1].memory;
        status = dnnl_memory_create(&o->plain_weights, CD_BORROW(plain), cd_engine(), DNNL_MEMORY_NONE);
      }
      if (status == dnnl_success)
        status = gradient_of_weights
                     ? dnnl_reorder_primitive_desc_create(&reorder, chosen, cd_engine(), CD_BORROW(plain), cd_engine(), NULL)
                     : dnnl_reorder_primitive_desc_create(&reorder, CD_BORROW(plain), cd_engine(), chosen, cd_engine(), NULL);
      if (status == dnnl_success) status = dnnl_primitive_create(&o->reorder, reorder);
      if (reorder) dnnl_primitive_desc_destroy(reorder);
    }
  }
  if (status == dnnl_success && has_bias) status = cd_add_argument(o, DNNL_ARG_BIAS, CD_BORROW(bias), 3);
  if (status == dnnl_success) status = cd_complete(o, has_bias ? 4 : 3);
  dnnl_primitive_attr_destroy(attributes);
  CD_RELEASE(source);
  CD_RELEASE(destination);
  CD_RELEASE(any);
  CD_RELEASE(plain);
  CD_RELEASE(bias);
  if (status == dnnl_success) return o;
  cd_explain(error, error_size, "convolution", status);
  cd_operation_free(o);
  return NULL;
}

// A part takes the reordered weights of another, where it wants them laid out alike: they are reordered once, and stand once in memory.
static void lend_weights(cd_operation *owner, cd_operation *part) {
  cd_borrowed theirs = dnnl_primitive_desc_query_md(owner->descriptor, dnnl_query_weights_md, 0);
  cd_borrowed own = dnnl_primitive_desc_query_md(part->descriptor, dnnl_query_weights_md, 0);
  void *weights = NULL;
  if (!owner->reorder || !part->reorder || !dnnl_memory_desc_equal(theirs, own)) return;
  if (dnnl_memory_get_data_handle(owner->blocked_weights, &weights) != dnnl_success) return;
  part->lent_weights = dnnl_memory_set_data_handle(part->blocked_weights, weights) == dnnl_success;
  owner->lends_weights |= part->lent_weights;
}

// Some images for each thread. On our own threads, which give up a core to others; the library's wait actively for each other.
static cd_operation *shared_convolution_create(const cd_convolution *shape, cd_direction direction, bool has_bias,
                                               cd_activation activation) {
  int threads = ck_thread_count();
  if (threads == 1 || shape->batch < threads) return NULL;
  cd_stream();  // the first call of it may set the number of threads
  int64_t each = (shape->batch + threads - 1) / threads;
  size_t source = sizeof(float) * (size_t)(shape->height * shape->width * shape->channels);
  size_t destination = sizeof(float) * (size_t)(shape->output_height * shape->output_width * shape->features);
  cd_operation *o = calloc(1, sizeof *o);
  o->parts = calloc((size_t)threads, sizeof *o->parts);
  o->operand_count = 3 + has_bias;
  if (direction == CD_WEIGHT_GRADIENT)
    o->sum_bytes = sizeof(float) * (size_t)(shape->kernel_height * shape->kernel_width * shape->channels / shape->groups * shape->features);
  for (int64_t first = 0; first < shape->batch; first += each) {
    cd_convolution images = *shape;
    images.batch = shape->batch - first < each ? shape->batch - first : each;
    ck_lend_threads(1);
    cd_operation *part = convolution_create(&images, direction, has_bias, activation, NULL, 0);
    ck_lend_threads(threads);
    if (!cd_add_part(o, part)) {
      cd_operation_free(o);
      return NULL;
    }
    part->offsets[0] = (size_t)first * (direction == CD_DATA_GRADIENT ? destination : source);
    part->offsets[direction == CD_WEIGHT_GRADIENT ? 1 : 2] = (size_t)first * (direction == CD_DATA_GRADIENT ? source : destination);
    if (first > 0 && direction != CD_WEIGHT_GRADIENT) lend_weights(o->parts[0], part);
  }
  o->scratch_bytes = o->scratch_step * (size_t)o->part_count + cd_sum_step(o) * (size_t)(o->part_count - 1);
  return o;
}

static cd_operation *create(const cd_convolution *shape, cd_direction direction, bool has_bias, cd_activation activation, char *error,
                            size_t error_size) {
  cd_operation *shared = shared_convolution_create(shape, direction, has_bias, activation);
  return shared ? shared : convolution_create(shape, direction, has_bias, activation, error, error_size);
}

cd_operation *cd_convolution_forward_create(const cd_convolution *shape, bool has_bias, cd_activation activation,
                                            char *error, size_t error_size) {
  return create(shape, CD_FORWARD, has_bias, activation, error, error_size);
}

cd_operation *cd_convolution_data_gradient_create(const cd_convolution *shape, char *error, size_t error_size) {
  return create(shape, CD_DATA_GRADIENT, false, CD_IDENTITY, error, error_size);
}

cd_operation *cd_convolution_weight_gradient_create(const cd_convolution *shape, char *error, size_t error_size) {
  return create(shape, CD_WEIGHT_GRADIENT, false, CD_IDENTITY, error, error_size);
}
