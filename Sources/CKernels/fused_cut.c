#include "ck_fused_cut.h"

#include <stdlib.h>

enum { MAX_PARTS = 16 };

static bool is_reduced(const ck_fused *k, int axis) { return axis >= k->reduce_begin && axis < k->reduce_end; }

static void make_cut(ck_fused_cut *c, const ck_fused *k) {
  int rank = k->rank, last = rank - 1;
  bool wide = false;
  for (int i = 0; i < k->input_count; i++) wide |= k->inputs[i].type == CK_FLOAT64;
  for (int i = 0; i < k->output_count; i++) wide |= k->outputs[i].type == CK_FLOAT64;
  for (int i = 0; i < k->instruction_count; i++)
    wide |= k->instructions[i].opcode % 4 == CK_FLOAT64 || k->instructions[i].opcode / 4 == CK_OP_TO_FLOAT64;
  for (int i = 0; i < k->constant_count; i++) wide |= k->constants[i].type == CK_FLOAT64;
  c->element_bytes = wide ? 8 : 4;
  int64_t tile = 49152 / ((k->register_count + 1) * c->element_bytes) / 64 * 64;
  c->tile = tile < 256 ? 256 : tile > 1024 ? 1024 : tile;

  bool reducing = k->reduce_end > k->reduce_begin;
  int64_t width = k->dims[last];
  c->column_axis = last;
  c->row_axis = -1;
  if (!reducing) {
    if (rank > 1 && width < c->tile) c->row_axis = last - 1;
  } else if (k->reduce_end == rank) {
    if (k->reduce_end - k->reduce_begin == 1 && width <= c->tile)
      c->row_axis = k->reduce_begin - 1;  // -1 where nothing is kept
    else if (k->reduce_end - k->reduce_begin > 1 && width < c->tile)
      c->row_axis = last - 1;
  } else if (width < c->tile) {
    c->row_axis = k->reduce_end - 1;
  }
  c->columns_kept = !is_reduced(k, last);
  c->rows_kept = c->row_axis < 0 || !is_reduced(k, c->row_axis);
  c->columns = width < c->tile ? width : c->tile;
  if (c->columns < 1) c->columns = 1;
  int64_t height = c->row_axis < 0 ? 1 : k->dims[c->row_axis];
  c->rows = c->row_axis < 0 ? 1 : c->tile / c->columns;
  if (c->rows > height) c->rows = height;
  if (c->rows < 1) c->rows = 1;
  c->row_blocks = (height + c->rows - 1) / c->rows;
  c->column_blocks = (width + c->columns - 1) / c->columns;

  c->kept_count = c->reduced_count = 0;
  c->units = c->steps = c->kept_elements = 1;
  for (int axis = rank - 1; axis >= 0; axis--) {
    if (is_reduced(k, axis)) {
      c->kept_strides[axis] = 0;
    } else {
      c->kept_strides[axis] = c->kept_elements;
      c->kept_elements *= k->dims[axis];
    }
  }
  for (int axis = 0; axis < rank; axis++) {
    if (axis == c->row_axis || axis == c->column_axis) continue;
    if (is_reduced(k, axis)) {
      c->reduced[c->reduced_count++] = axis;
      c->steps *= k->dims[axis];
    } else {
      c->kept[c->kept_count++] = axis;
      c->units *= k->dims[axis];
    }
  }
  // Small units whole: what is done once for a tile is done once for all of them.
  c->group_axis = -1;
  c->group = c->group_blocks = 1;
  bool is_whole = c->row_blocks == 1 && c->column_blocks == 1 && c->steps == 1;
  if (is_whole && c->kept_count > 0 && c->kept[c->kept_count - 1] == c->row_axis - 1) {
    int64_t length = k->dims[c->row_axis - 1], fit = c->tile / (c->rows * c->columns);
    // Fewer gain less than copying costs what does not lie dense in them.
    bool is_worthwhile = fit >= 4;
    if (fit > length) fit = length;
    if (is_worthwhile && fit > 1) {
      c->group_axis = c->kept[--c->kept_count];
      c->group = fit;
      c->group_blocks = (length + fit - 1) / fit;
      c->units = c->units / length * c->group_blocks;
    }
  }
  *(c->rows_kept ? &c->units : &c->steps) *= c->row_blocks;
  *(c->columns_kept ? &c->units : &c->steps) *= c->column_blocks;
  // A long reduction with few results is cut into a number of parts that does not depend on the threads.
  c->parts = 1;
  if (reducing && c->units < 8 && c->steps > 4) c->parts = c->steps < MAX_PARTS ? c->steps : MAX_PARTS;
  int64_t elements = c->group * c->rows * c->columns * (c->steps / c->parts + 1) * (1 + k->instruction_count / 4);
  c->grain = 16384 / (elements > 0 ? elements : 1);
  if (c->grain < 1) c->grain = 1;
  c->partials = c->parts > 1 ? malloc((size_t)(c->parts * c->kept_elements * 8 * k->reduction_count)) : NULL;
}

static bool is_dense(const ck_fused_cut *c, const ck_fused_input *in) {
  ck_tile size = {c->group, c->rows, c->columns};
  return ck_tile_is_dense(size, ck_fused_distances(c, in));
}

static void look_at_one_tile(ck_fused_cut *c, const ck_fused *k) {
  c->is_one_tile = c->units == 1 && c->steps == 1 && c->parts == 1;
  for (int i = 0; i < k->input_count; i++) c->is_dense[i] = is_dense(c, &k->inputs[i]);
  for (int i = 0; i < k->output_count; i++) c->is_dense[k->input_count + i] = is_dense(c, &k->outputs[i]);
}

ck_fused_cut *ck_fused_cut_create(const ck_fused *kernel) {
  ck_fused_cut *c = malloc(sizeof *c);
  make_cut(c, kernel);
  look_at_one_tile(c, kernel);
  return c;
}

void ck_fused_cut_free(ck_fused_cut *c) {
  free(c->partials);
  free(c);
}
