// Compiles a body of kernels once for each instruction set. Usage:
//   #define CK_BODY "name_body.inc"
//   #include "ck_dispatch.h"
// The body names its functions NAME(f); CK_DISPATCH(f) is the one for the machine.
#if defined(__x86_64__)
#define NAME(x) x##_avx512
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,bmi2"))), \
                             apply_to = function)
#include CK_BODY
#pragma clang attribute pop
#undef NAME
#define NAME(x) x##_avx2
#pragma clang attribute push(__attribute__((target("avx2,fma,bmi2"))), apply_to = function)
#include CK_BODY
#pragma clang attribute pop
#undef NAME
#endif
#define NAME(x) x##_portable
#include CK_BODY
#undef NAME

#ifndef CK_DISPATCH
#if defined(__x86_64__)
#define CK_DISPATCH(f)                                          \
  (ck_instruction_set_in_use() == CK_AVX512 ? f##_avx512        \
   : ck_instruction_set_in_use() == CK_AVX2 ? f##_avx2          \
                                            : f##_portable)
#else
#define CK_DISPATCH(f) f##_portable
#endif
#endif
