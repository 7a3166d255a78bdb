// One call of the library, and what making one takes; `matmul.c` and `convolution.c` make them.
#ifndef CD_OPERATION_H
#define CD_OPERATION_H

#include "version.h"

enum { MAX_ARGUMENTS = 6 };

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
  bool copies_addend;  // of a product in parts: laid where the result will be before any part runs
  // A product whose result or whose steps are shared out in blocks, or a convolution whose images are. Gradients of weights are
  // sums over images, as products are over steps: parts but the first write theirs to scratch memory, to be added.
  cd_operation **parts;
  int64_t part_count;
  int operand_count;  // without scratch
  size_t scratch_step, sum_bytes;
  size_t offsets[MAX_ARGUMENTS];  // of a part: where its operands begin in those of the whole, in bytes
};

/// How far sums of parts are apart in scratch memory, in bytes: no two share a line of the cache.
static inline size_t cd_sum_step(const cd_operation *o) { return (o->sum_bytes + 63) / 64 * 64; }

/// Adds a part, which has one thread; false where there is none to add.
bool cd_add_part(cd_operation *whole, cd_operation *part);

/// Says which version refuses what.
void cd_explain(char *error, size_t size, const char *what, dnnl_status_t status);

/// Memory of an argument: an operand's, or its own where `operand` is -1.
dnnl_status_t cd_add_argument(cd_operation *o, int name, cd_borrowed descriptor, int operand);

/// Makes the primitive, with its scratch memory as the last of the operands.
dnnl_status_t cd_complete(cd_operation *o, int operands);

/// Scratch memory from outside, what is added to a product, and an activation.
dnnl_primitive_attr_t cd_attributes_with(cd_activation activation, float addend_scale);

#endif
