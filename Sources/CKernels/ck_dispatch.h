// Compiles a body of kernels once for each instruction set. Usage:
//   #define CK_BODY "name_body.inc"
//   #include "ck_dispatch.h"
// The body names its functions NAME(f); CK_DISPATCH(f) is the one for the machine. CK_LANES is how many float32 numbers
// its registers hold: blocks of 32 registers of 16 numbers spill where there are 16 of 8.
#if defined(__x86_64__)
#define NAME(x) x##_avx512
#define CK_LANES 16
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,bmi2"))), \
                             apply_to = function)
#include CK_BODY
#pragma clang attribute pop
#undef NAME
#undef CK_LANES
#define NAME(x) x##_avx2
#define CK_LANES 8
#pragma clang attribute push(__attribute__((target("avx2,fma,bmi2"))), apply_to = function)
#include CK_BODY
#pragma clang attribute pop
#undef NAME
#undef CK_LANES
#endif
#define NAME(x) x##_portable
#define CK_LANES 8
#include CK_BODY
#undef NAME
#undef CK_LANES

#ifndef CK_DISPATCH
#if defined(__x86_64__)
// That for blocks of products: registers of sixteen numbers that are worked on in halves are no faster than those of eight, of which fewer
// numbers are left over at edges.
#define CK_DISPATCH_BLOCKS(f)                                   \
  (ck_works_in_sixteens() ? f##_avx512                          \
   : ck_instruction_set_in_use() >= CK_AVX2 ? f##_avx2          \
                                            : f##_portable)
#define CK_DISPATCH(f)                                          \
  (ck_instruction_set_in_use() == CK_AVX512 ? f##_avx512        \
   : ck_instruction_set_in_use() == CK_AVX2 ? f##_avx2          \
                                            : f##_portable)
#else
#define CK_DISPATCH_BLOCKS(f) f##_portable
#define CK_DISPATCH(f) f##_portable
#endif
#endif
