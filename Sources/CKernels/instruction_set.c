#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

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

// What DESCENT_INSTRUCTION_SET allows. A name that does not exist ends the process: ignored, it would make a test of other
// kernels than it says.
static ck_instruction_set allowed(void) {
  const char *name = getenv("DESCENT_INSTRUCTION_SET");
  if (!name || !*name || !strcmp(name, "avx512")) return CK_AVX512;
  if (!strcmp(name, "avx2")) return CK_AVX2;
  if (!strcmp(name, "portable")) return CK_PORTABLE;
  fprintf(stderr, "DESCENT_INSTRUCTION_SET is portable, avx2 or avx512, not %s\n", name);
  exit(1);
}

ck_instruction_set ck_instruction_set_in_use(void) {
  static _Atomic int known = -1;
  int found = atomic_load_explicit(&known, memory_order_relaxed);
  if (found < 0) {
    found = (int)(available() < allowed() ? available() : allowed());
    atomic_store_explicit(&known, found, memory_order_relaxed);
  }
  return (ck_instruction_set)found < limit ? (ck_instruction_set)found : limit;
}

void ck_limit_instruction_set(ck_instruction_set level) { limit = level; }

enum { IS_AMD = 1, HALVES_WIDE_REGISTERS = 2 };

static int read_maker(void) {
#if defined(__x86_64__)
  unsigned a, b, c, d;
  if (!__get_cpuid(0, &a, &b, &c, &d) || b != signature_AMD_ebx || !__get_cpuid(1, &a, &b, &c, &d)) return 0;
  unsigned family = ((a >> 8) & 0xf) + ((a >> 20) & 0xff);
  // Family 19h is Zen 3, which has no such registers, and Zen 4; 1Ah, Zen 5, works on them whole (but for some of laptops, which lose
  // little by it).
  return family == 0x19 ? IS_AMD | HALVES_WIDE_REGISTERS : IS_AMD;
#else
  return 0;
#endif
}

// Asked for at each call, and a virtual machine answers slowly.
static int maker(void) {
  static _Atomic int known = -1;
  int found = atomic_load_explicit(&known, memory_order_relaxed);
  if (found < 0) {
    found = read_maker();
    atomic_store_explicit(&known, found, memory_order_relaxed);
  }
  return found;
}

bool ck_works_in_sixteens(void) {
  return ck_instruction_set_in_use() == CK_AVX512 && !(maker() & HALVES_WIDE_REGISTERS);
}

bool ck_has_own_products(void) {
  ck_instruction_set level = ck_instruction_set_in_use();
  return level == CK_AVX512 ? maker() & HALVES_WIDE_REGISTERS : level == CK_AVX2;
}

bool ck_is_of_amd(void) { return maker() & IS_AMD; }
