#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ck_threads.h"
#include "ck_types.h"
#include "version.h"

enum { MAX_ARGUMENTS = 6 };

// Products of fewer operations are done before a second thread has woken up (measured: 32x64x64 takes 2.0 us on one
// thread and 3.5 us on two).
static const double smallest_shared_product = 1e6;

// Rows of a product go to the threads in blocks that each thread multiplies by itself, where that is faster than the library's
// own way of sharing (measured: transposed 128 x 2048 x 512 at 228 instead of 203 GFLOP/s; others gain less, and lose where
// few rows have to pay for all columns).
static const int64_t fewest_transposed_rows = 64, fewest_rows = 512;

// One primitive with its memory objects; running sets the data handles that changed and executes.
struct cd_operation {
  dnnl_primitive_t primitive;
  dnnl_primitive_desc_t descriptor;
  dnnl_exec_arg_t arguments[MAX_ARGUMENTS];
  int argument_count;
  int operand_of[MAX_ARGUMENTS];               // argument -> operand, -1 for internal memory
  void *handles[MAX_ARGUMENTS];
  size_t scratch_bytes;
  // A convolution's weights in the library's own layout, and the reorder between that and HWIO.
  dnnl_primitive_t reorder;
  dnnl_memory_t plain_weights, blocked_weights;
  int weights_operand;
  bool reorders_after;
  bool on_one_thread;
  bool lends_weights, lent_weights;  // reordered before all parts run; those of another part
  // What is added to a product: its operand (0: none) and size.
  int addend_operand;
  size_t addend_bytes;
  // A product whose rows, or a convolution whose images are shared out: its parts, and how far apart what they read and write is,
  // in bytes. Gradients of weights are sums over images: parts but the first write theirs to scratch memory, to be added.
  cd_operation **parts;
  int64_t part_count;
  int operand_count;  // without scratch
  size_t steps[3], scratch_step, sum_bytes;
};

static void explain(char *error, size_t size, const char *what, dnnl_status_t status) {
  if (error && size) snprintf(error, size, "oneDNN %s refuses this %s (status %d)", cd_version(), what, (int)status);
}

static dnnl_status_t add_argument(cd_operation *o, int name, cd_borrowed descriptor, int operand) {
  dnnl_memory_t memory;
  dnnl_status_t status = dnnl_memory_create(&memory, descriptor, cd_engine(), operand < 0 ? DNNL_MEMORY_ALLOCATE : DNNL_MEMORY_NONE);
  if (status != dnnl_success) return status;
  o->arguments[o->argument_count] = (dnnl_exec_arg_t){name, memory};
  o->operand_of[o->argument_count] = operand;
  o->handles[o->argument_count++] = NULL;
  return status;
}

// The primitive, and the scratch memory as its last operand.
static dnnl_status_t complete(cd_operation *o, int operands) {
  dnnl_status_t status = dnnl_primitive_create(&o->primitive, o->descriptor);
  if (status != dnnl_success) return status;
  cd_borrowed scratch = dnnl_primitive_desc_query_md(o->descriptor, dnnl_query_scratchpad_md, 0);
  o->scratch_bytes = scratch ? dnnl_memory_desc_get_size(scratch) : 0;
  return o->scratch_bytes ? add_argument(o, DNNL_ARG_SCRATCHPAD, scratch, operands) : dnnl_success;
}

static dnnl_primitive_attr_t attributes_with(cd_activation activation, float addend_scale) {
  dnnl_primitive_attr_t attributes;
  dnnl_post_ops_t operations;
  if (dnnl_primitive_attr_create(&attributes) != dnnl_success) return NULL;
  dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user);
  if (dnnl_post_ops_create(&operations) == dnnl_success) {
    if (addend_scale != 0) cd_append_sum(operations, addend_scale);
    if (activation == CD_RELU) cd_append_relu(operations);
    dnnl_primitive_attr_set_post_ops(attributes, operations);
    dnnl_post_ops_destroy(operations);
  }
  return attributes;
}

static cd_operation *matmul_create(const cd_view *a, const cd_view *b, const cd_view *c, bool has_bias,
                                   cd_activation activation, float addend_scale, char *error, size_t error_size) {
  cd_operation *o = calloc(1, sizeof *o);
  cd_descriptor da = CD_EMPTY, db = CD_EMPTY, dc = CD_EMPTY, dbias = CD_EMPTY;
  int64_t bias_dims[CD_MAX_RANK], bias_strides[CD_MAX_RANK];
  for (int i = 0; i < c->rank; i++) {
    bias_dims[i] = i == c->rank - 1 ? c->dims[i] : 1;
    bias_strides[i] = i == c->rank - 1 ? 1 : c->dims[c->rank - 1];
  }
  double operations = 2.0 * (double)a->dims[a->rank - 1];
  for (int i = 0; i < c->rank; i++) operations *= (double)c->dims[i];
  o->on_one_thread = operations < smallest_shared_product;
  if (o->on_one_thread) ck_lend_threads(1);
  dnnl_primitive_attr_t attributes = attributes_with(activation, addend_scale);
  dnnl_status_t status = cd_describe(&da, a->rank, a->dims, a->strides);
  if (status == dnnl_success) status = cd_describe(&db, b->rank, b->dims, b->strides);
  if (status == dnnl_success) status = cd_describe(&dc, c->rank, c->dims, c->strides);
  if (status == dnnl_success && has_bias) status = cd_describe(&dbias, c->rank, bias_dims, bias_strides);
  if (status == dnnl_success)
    status = cd_matmul_descriptor(&o->descriptor, CD_BORROW(da), CD_BORROW(db), has_bias ? CD_BORROW(dbias) : NULL,
                                  CD_BORROW(dc), attributes);
  if (status == dnnl_success) status = add_argument(o, DNNL_ARG_SRC, CD_BORROW(da), 0);
  if (status == dnnl_success) status = add_argument(o, DNNL_ARG_WEIGHTS, CD_BORROW(db), 1);
  if (status == dnnl_success) status = add_argument(o, DNNL_ARG_DST, CD_BORROW(dc), 2);
  if (status == dnnl_success && has_bias) status = add_argument(o, DNNL_ARG_BIAS, CD_BORROW(dbias), 3);
  int operands = has_bias ? 4 : 3;
  if (addend_scale != 0) {
    o->addend_operand = operands++;
    o->addend_bytes = sizeof(float);
    for (int i = 0; i < c->rank; i++) o->addend_bytes *= (size_t)c->dims[i];
  }
  if (status == dnnl_success) status = complete(o, operands);
  if (o->on_one_thread) ck_lend_threads(ck_thread_count());
  dnnl_primitive_attr_destroy(attributes);
  CD_RELEASE(da);
  CD_RELEASE(db);
  CD_RELEASE(dc);
  CD_RELEASE(dbias);
  if (status == dnnl_success) return o;
  explain(error, error_size, "matrix product", status);
  cd_operation_free(o);
  return NULL;
}

// One block of rows for each thread, or NULL where the library shares the work better itself.
static cd_operation *shared_matmul_create(const cd_view *a, const cd_view *b, const cd_view *c, bool has_bias,
                                          cd_activation activation, float addend_scale) {
  int threads = ck_thread_count();
  int64_t rows = c->dims[0], each = (rows + threads - 1) / threads;
  each = (each + 15) / 16 * 16;
  bool transposed = a->strides[0] == 1 && a->strides[1] != 1;
  if (threads == 1 || c->rank != 2 || each < (transposed ? fewest_transposed_rows : fewest_rows)) return NULL;
  cd_operation *o = calloc(1, sizeof *o);
  o->parts = calloc((size_t)threads, sizeof *o->parts);
  o->steps[0] = sizeof(float) * (size_t)(each * a->strides[0]);
  o->steps[2] = sizeof(float) * (size_t)(each * c->dims[1]);
  o->addend_operand = addend_scale != 0 ? has_bias ? 4 : 3 : 0;
  o->operand_count = 3 + has_bias + (addend_scale != 0);
  for (int64_t first = 0; first < rows; first += each) {
    cd_view part_a = *a, part_c = *c;
    part_a.dims[0] = part_c.dims[0] = rows - first < each ? rows - first : each;
    ck_lend_threads(1);
    cd_operation *part = matmul_create(&part_a, b, &part_c, has_bias, activation, addend_scale, NULL, 0);
    ck_lend_threads(threads);
    if (!part) {
      cd_operation_free(o);
      return NULL;
    }
    part->on_one_thread = false;  // its caller has one thread anyway
    size_t needed = (part->scratch_bytes + 63) / 64 * 64;
    if (needed > o->scratch_step) o->scratch_step = needed;
    o->parts[o->part_count++] = part;
  }
  o->scratch_bytes = o->scratch_step * (size_t)o->part_count;
  return o;
}

cd_operation *cd_matmul_create(const cd_view *a, const cd_view *b, const cd_view *c, bool has_bias,
                               cd_activation activation, float addend_scale, char *error, size_t error_size) {
  cd_stream();
  double operations = 2.0 * (double)a->dims[a->rank - 1];
  for (int i = 0; i < c->rank; i++) operations *= (double)c->dims[i];
  cd_operation *shared = operations < smallest_shared_product
                             ? NULL
                             : shared_matmul_create(a, b, c, has_bias, activation, addend_scale);
  return shared ? shared : matmul_create(a, b, c, has_bias, activation, addend_scale, error, error_size);
}

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
  dnnl_primitive_attr_t attributes = attributes_with(activation, 0);
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
    status = add_argument(o, direction == CD_DATA_GRADIENT ? DNNL_ARG_DIFF_SRC : DNNL_ARG_SRC, CD_BORROW(source),
                          source_operand);
  if (status == dnnl_success)
    status = add_argument(o, direction == CD_FORWARD ? DNNL_ARG_DST : DNNL_ARG_DIFF_DST, CD_BORROW(destination),
                          destination_operand);
  if (status == dnnl_success) {
    cd_borrowed chosen = dnnl_primitive_desc_query_md(
        o->descriptor, gradient_of_weights ? dnnl_query_diff_weights_md : dnnl_query_weights_md, 0);
    int name = gradient_of_weights ? DNNL_ARG_DIFF_WEIGHTS : DNNL_ARG_WEIGHTS;
    if (dnnl_memory_desc_equal(chosen, CD_BORROW(plain))) {
      status = add_argument(o, name, CD_BORROW(plain), o->weights_operand);
    } else {
      status = add_argument(o, name, chosen, -1);
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
  if (status == dnnl_success && has_bias) status = add_argument(o, DNNL_ARG_BIAS, CD_BORROW(bias), 3);
  if (status == dnnl_success) status = complete(o, has_bias ? 4 : 3);
  dnnl_primitive_attr_destroy(attributes);
  CD_RELEASE(source);
  CD_RELEASE(destination);
  CD_RELEASE(any);
  CD_RELEASE(plain);
  CD_RELEASE(bias);
  if (status == dnnl_success) return o;
  explain(error, error_size, "convolution", status);
  cd_operation_free(o);
  return NULL;
}

// How far sums are apart, in bytes: no two share a line of the cache.
static size_t sum_step(const cd_operation *o) { return (o->sum_bytes + 63) / 64 * 64; }

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
  if (threads == 1 || shape->batch < threads || !ck_has_own_products()) return NULL;
  cd_stream();  // the first call of it may set the number of threads
  int64_t each = (shape->batch + threads - 1) / threads;
  size_t source = sizeof(float) * (size_t)(shape->height * shape->width * shape->channels);
  size_t destination = sizeof(float) * (size_t)(shape->output_height * shape->output_width * shape->features);
  cd_operation *o = calloc(1, sizeof *o);
  o->parts = calloc((size_t)threads, sizeof *o->parts);
  o->operand_count = 3 + has_bias;
  o->steps[0] = (size_t)each * (direction == CD_DATA_GRADIENT ? destination : source);
  if (direction == CD_WEIGHT_GRADIENT) {
    o->steps[1] = (size_t)each * destination;
    o->sum_bytes = sizeof(float) * (size_t)(shape->kernel_height * shape->kernel_width * shape->channels / shape->groups * shape->features);
  } else {
    o->steps[2] = (size_t)each * (direction == CD_DATA_GRADIENT ? source : destination);
  }
  for (int64_t first = 0; first < shape->batch; first += each) {
    cd_convolution images = *shape;
    images.batch = shape->batch - first < each ? shape->batch - first : each;
    ck_lend_threads(1);
    cd_operation *part = convolution_create(&images, direction, has_bias, activation, NULL, 0);
    ck_lend_threads(threads);
    if (!part) {
      cd_operation_free(o);
      return NULL;
    }
    part->on_one_thread = true;
    if (first > 0 && direction != CD_WEIGHT_GRADIENT) lend_weights(o->parts[0], part);
    size_t needed = (part->scratch_bytes + 63) / 64 * 64;
    if (needed > o->scratch_step) o->scratch_step = needed;
    o->parts[o->part_count++] = part;
  }
  o->scratch_bytes = o->scratch_step * (size_t)o->part_count + sum_step(o) * (size_t)(o->part_count - 1);
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

size_t cd_scratch_bytes(const cd_operation *o) { return o->scratch_bytes; }

bool cd_uses_library_threads(const cd_operation *o) { return !o->parts && !o->on_one_thread && ck_thread_count() > 1; }

const char *cd_implementation(const cd_operation *o) {
  if (o->parts) return cd_implementation(o->parts[0]);
  const char *text = "unknown";
  dnnl_primitive_desc_query(o->descriptor, dnnl_query_impl_info_str, 0, &text);
  return text;
}

static void reorder_weights(cd_operation *o, dnnl_stream_t stream, void *plain) {
  dnnl_memory_set_data_handle(o->plain_weights, plain);
  dnnl_exec_arg_t arguments[2] = {
      {DNNL_ARG_FROM, o->reorders_after ? o->blocked_weights : o->plain_weights},
      {DNNL_ARG_TO, o->reorders_after ? o->plain_weights : o->blocked_weights},
  };
  dnnl_primitive_execute(o->reorder, stream, 2, arguments);
}

typedef struct {
  cd_operation *operation;
  void *const *operands;
} shared_run;

// Where a part but the first writes its sum: behind the scratch memory of all.
static float *sum_of(const cd_operation *o, void *const *operands, int64_t part) {
  return (float *)((char *)operands[o->operand_count] + (size_t)o->part_count * o->scratch_step + (size_t)(part - 1) * sum_step(o));
}

static void add_sums(void *context, int64_t begin, int64_t end) {
  const shared_run *run = context;
  float *result = run->operands[2];
  for (int64_t part = 1; part < run->operation->part_count; part++) {
    const float *sum = sum_of(run->operation, run->operands, part);
    for (int64_t i = begin; i < end; i++) result[i] += sum[i];
  }
}

static void run_parts(void *context, int64_t begin, int64_t end) {
  const shared_run *run = context;
  const cd_operation *o = run->operation;
  for (int64_t i = begin; i < end; i++) {
    const cd_operation *part = o->parts[i];
    void *operands[MAX_ARGUMENTS];
    int count = o->operand_count;
    for (int k = 0; k < count; k++) operands[k] = run->operands[k];
    for (int k = 0; k < 3; k++) operands[k] = (char *)operands[k] + (size_t)i * o->steps[k];
    if (o->sum_bytes && i > 0) operands[2] = sum_of(o, run->operands, i);
    if (o->addend_operand) operands[o->addend_operand] = (char *)operands[o->addend_operand] + (size_t)i * o->steps[2];
    if (part->scratch_bytes) operands[count] = (char *)run->operands[count] + (size_t)i * o->scratch_step;
    cd_run(part, operands);
  }
}

void cd_run(const void *parameters, void *const *operands) {
  cd_operation *o = (cd_operation *)parameters;
  if (o->parts) {
    shared_run run = {o, operands};
    // Its own part would do it later than others need it.
    cd_operation *owner = o->parts[0];
    if (owner->lends_weights) {
      dnnl_stream_t stream = cd_stream();
      ck_lend_threads(1);
      reorder_weights(owner, stream, operands[owner->weights_operand]);
      ck_lend_threads(ck_thread_count());
    }
    ck_parallel_for(o->part_count, 1, run_parts, &run);
    if (o->sum_bytes) ck_parallel_for((int64_t)(o->sum_bytes / sizeof(float)), 1 << 14, add_sums, &run);
    return;
  }
  for (int i = 0; i < o->argument_count; i++) {
    int operand = o->operand_of[i];
    if (operand < 0 || o->handles[i] == operands[operand]) continue;
    o->handles[i] = operands[operand];
    dnnl_memory_set_data_handle(o->arguments[i].memory, operands[operand]);
  }
  if (o->addend_operand && operands[o->addend_operand] != operands[2])
    memcpy(operands[2], operands[o->addend_operand], o->addend_bytes);
  dnnl_stream_t stream = cd_stream();
  if (o->on_one_thread) ck_lend_threads(1);
  bool is_reordered = o->lends_weights || o->lent_weights;
  if (o->reorder && !o->reorders_after && !is_reordered) reorder_weights(o, stream, operands[o->weights_operand]);
  dnnl_primitive_execute(o->primitive, stream, o->argument_count, o->arguments);
  if (o->reorder && o->reorders_after) reorder_weights(o, stream, operands[o->weights_operand]);
  if (o->on_one_thread) ck_lend_threads(ck_thread_count());
}

void cd_operation_free(cd_operation *o) {
  if (!o) return;
  for (int64_t i = 0; i < o->part_count; i++) cd_operation_free(o->parts[i]);
  free(o->parts);
  for (int i = 0; i < o->argument_count; i++) dnnl_memory_destroy(o->arguments[i].memory);
  if (o->plain_weights) dnnl_memory_destroy(o->plain_weights);
  if (o->reorder) dnnl_primitive_destroy(o->reorder);
  if (o->primitive) dnnl_primitive_destroy(o->primitive);
  if (o->descriptor) dnnl_primitive_desc_destroy(o->descriptor);
  free(o);
}
