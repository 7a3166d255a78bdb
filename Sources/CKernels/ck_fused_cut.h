// How the iteration space of a fused kernel is cut into tiles: worked out once, when a program is compiled.
#ifndef CK_FUSED_CUT_H
#define CK_FUSED_CUT_H

#include <stdbool.h>

#include "ck_fused.h"
#include "ck_tile.h"

// A tile is `rows` x `columns` of the row axis and the column axis; the other
// axes are counted by units (kept axes: independent work) and steps (reduced axes: accumulated in order). Where a unit is one small
// tile, `group` of them, one after another along the group axis, share one; then `units` counts groups, and the group axis is not
// among `kept`.
struct ck_fused_cut {
  int row_axis, column_axis;
  bool rows_kept, columns_kept;
  int64_t tile, element_bytes;
  int64_t rows, columns;
  int group_axis;  // -1 where each unit has tiles of its own
  int64_t group;
  int64_t row_blocks, column_blocks, group_blocks;
  int kept_count, reduced_count;
  int kept[CK_FUSED_MAX_RANK], reduced[CK_FUSED_MAX_RANK];
  int64_t units, steps, parts, kept_elements;
  int64_t kept_strides[CK_FUSED_MAX_RANK];
  int64_t grain;   // units that are worth a thread of their own
  char *partials;  // results of the parts
  bool is_one_tile;
  bool is_dense[2 * CK_FUSED_MAX_REGISTERS];  // of one tile: which inputs, then outputs, lie one number after another
};

// How far the numbers of a tile lie apart in an input or output.
static inline ck_tile ck_fused_distances(const ck_fused_cut *c, const ck_fused_input *in) {
  return (ck_tile){c->group_axis < 0 ? 0 : in->strides[c->group_axis], c->row_axis < 0 ? 0 : in->strides[c->row_axis],
                   in->strides[c->column_axis]};
}

#endif
