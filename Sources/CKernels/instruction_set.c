#include "ck_types.h"

static _Thread_local ck_instruction_set limit = CK_AVX512;

static ck_instruction_set available(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl"))
    return CK_AVX512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return CK_AVX2;
#endif
  return CK_PORTABLE;
}

ck_instruction_set ck_instruction_set_in_use(void) {
  static int found = -1;
  if (found < 0) found = (int)available();
  return (ck_instruction_set)found < limit ? (ck_instruction_set)found : limit;
}

void ck_limit_instruction_set(ck_instruction_set level) { limit = level; }
