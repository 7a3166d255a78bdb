#include "ck_scratch.h"

#include <pthread.h>
#include <stdlib.h>

// One block per thread, grown and kept until the thread ends: kernels run often and allocate never.
static _Thread_local char *block;
static _Thread_local size_t size;
static pthread_key_t owner;

static void create_owner(void) {
  if (pthread_key_create(&owner, free) != 0) abort();
}

void *ck_scratch(size_t bytes) {
  if (bytes > size) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, create_owner);
    free(block);
    size = (bytes + 4095) / 4096 * 4096;
    if (posix_memalign((void **)&block, 64, size) != 0) abort();
    pthread_setspecific(owner, block);
  }
  return block;
}
