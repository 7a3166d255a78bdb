#include "operation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ck_threads.h"

void cd_explain(char *error, size_t size, const char *what, dnnl_status_t status) {
  if (error && size) snprintf(error, size, "oneDNN %s refuses this %s (status %d)", cd_version(), what, (int)status);
}

dnnl_status_t cd_add_argument(cd_operation *o, int name, cd_borrowed descriptor, int operand) {
  dnnl_memory_t memory;
  dnnl_status_t status = dnnl_memory_create(&memory, descriptor, cd_engine(), operand < 0 ? DNNL_MEMORY_ALLOCATE : DNNL_MEMORY_NONE);
  if (status != dnnl_success) return status;
  o->arguments[o->argument_count] = (dnnl_exec_arg_t){name, memory};
  o->operand_of[o->argument_count] = operand;
  o->handles[o->argument_count++] = NULL;
  return status;
}

dnnl_status_t cd_complete(cd_operation *o, int operands) {
  dnnl_status_t status = dnnl_primitive_create(&o->primitive, o->descriptor);
  if (status != dnnl_success) return status;
  cd_borrowed scratch = dnnl_primitive_desc_query_md(o->descriptor, dnnl_query_scratchpad_md, 0);
  o->operand_count = operands;
  o->scratch_bytes = scratch ? dnnl_memory_desc_get_size(scratch) : 0;
  return o->scratch_bytes ? cd_add_argument(o, DNNL_ARG_SCRATCHPAD, scratch, operands) : dnnl_success;
}

dnnl_primitive_attr_t cd_attributes_with(cd_activation activation, float addend_scale) {
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
  return (float *)((char *)operands[o->operand_count] + (size_t)o->part_count * o->scratch_step + (size_t)(part - 1) * cd_sum_step(o));
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
    for (int k = 0; k < count; k++) operands[k] = (char *)run->operands[k] + part->offsets[k];
    if (o->sum_bytes && i > 0) operands[2] = sum_of(o, run->operands, i);
    if (o->copies_addend && o->addend_operand) operands[o->addend_operand] = operands[2];
    if (part->scratch_bytes) operands[part->operand_count] = (char *)run->operands[count] + (size_t)i * o->scratch_step;
    cd_run(part, operands);
  }
}

bool cd_add_part(cd_operation *whole, cd_operation *part) {
  if (!part) return false;
  part->on_one_thread = true;
  size_t needed = (part->scratch_bytes + 63) / 64 * 64;
  if (needed > whole->scratch_step) whole->scratch_step = needed;
  whole->parts[whole->part_count++] = part;
  return true;
}

void cd_run(const void *parameters, void *const *operands) {
  cd_operation *o = (cd_operation *)parameters;
  if (o->addend_operand && operands[o->addend_operand] != operands[2] && (!o->parts || o->copies_addend))
    memcpy(operands[2], operands[o->addend_operand], o->addend_bytes);
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
