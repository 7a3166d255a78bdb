#include "ck_step.h"

#include <time.h>

void ck_run(const ck_step *steps, int64_t count) {
  for (int64_t i = 0; i < count; i++) steps[i].kernel(steps[i].parameters, steps[i].operands);
}

static double seconds_now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

void ck_run_profiled(const ck_step *steps, int64_t count, double *seconds) {
  double before = seconds_now();
  for (int64_t i = 0; i < count; i++) {
    steps[i].kernel(steps[i].parameters, steps[i].operands);
    double after = seconds_now();
    seconds[i] += after - before;
    before = after;
  }
}
