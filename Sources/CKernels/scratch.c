#include "ck_scratch.h"

#include <stdlib.h>

// One block per thread, grown and kept: kernels run often and allocate never.
static _Thread_local char *block;
static _Thread_local size_t size;

void *ck_scratch(size_t bytes) {
  if (bytes > size) {
    free(block);
    size = (bytes + 4095) / 4096 * 4096;
    if (posix_memalign((void **)&block, 64, size) != 0) abort();
  }
  return block;
}
