#ifndef CK_SCRATCH_H
#define CK_SCRATCH_H

#include <stddef.h>

/// At least `bytes` of this thread's own memory, 64-byte aligned, valid until the thread asks again.
void *ck_scratch(size_t bytes);

#endif
