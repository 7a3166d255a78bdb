// A compiled program is a flat list of steps; running it is one C loop without allocation or dispatch.
#ifndef CK_STEP_H
#define CK_STEP_H

#include <stdint.h>

/// A kernel reads its constants from `parameters` (sizes, strides, flags; owned by the plan) and its data from
/// `operands`, an array of resolved pointers whose order the kernel defines: inputs first, then outputs, then scratch.
typedef void (*ck_kernel)(const void *parameters, void *const *operands);

typedef struct {
  ck_kernel kernel;
  const void *parameters;
  void *const *operands;
} ck_step;

/// Runs the steps in order.
void ck_run(const ck_step *steps, int64_t count);

/// Runs the steps in order and adds each one's wall time in seconds to `seconds[i]`.
void ck_run_profiled(const ck_step *steps, int64_t count, double *seconds);

#endif
