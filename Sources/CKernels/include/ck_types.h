#ifndef CK_TYPES_H
#define CK_TYPES_H

#include <stdbool.h>
#include <stdint.h>

/// Element types as kernels see them; a bool is one byte, 0 or 1.
typedef enum { CK_FLOAT32 = 0, CK_FLOAT64 = 1, CK_INT32 = 2, CK_BOOL = 3 } ck_type;

static inline int64_t ck_type_bytes(ck_type type) {
  return type == CK_FLOAT64 ? 8 : type == CK_BOOL ? 1 : 4;
}

/// Instruction sets that kernels are compiled for; the best one is used that the machine has and the environment variable
/// DESCENT_INSTRUCTION_SET (portable, avx2 or avx512) allows.
typedef enum { CK_PORTABLE = 0, CK_AVX2 = 1, CK_AVX512 = 2 } ck_instruction_set;

/// The instruction set in use.
ck_instruction_set ck_instruction_set_in_use(void);

/// Whether a register holds sixteen numbers of float32 that are worked on at once: with AVX-512, but for a processor that works on
/// halves (AMD Zen 4).
bool ck_works_in_sixteens(void);

/// Whether large products are our own: with AVX2, and with AVX-512 on a processor that works on halves of registers, where ours are
/// about as fast as the library's. Elsewhere the library does them, on our threads: blocks of sixteen numbers, tried on a Zen 5,
/// took up to a third longer.
bool ck_has_own_products(void);

/// Whether the processor is AMD's; of those with AVX-512, ours were measured beside the library's on no other.
bool ck_is_of_amd(void);

/// Limits the instruction set of kernels that the calling thread starts, for tests; levels that the machine lacks are lowered to what it has.
void ck_limit_instruction_set(ck_instruction_set level);

#endif
