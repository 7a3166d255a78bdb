// One pool for our kernels and the libraries: where an OpenMP run time is loaded (oneDNN brings it), we borrow its threads.
#ifndef CK_THREADS_H
#define CK_THREADS_H

#include <stdint.h>

/// Number of threads that kernels use which the calling thread starts (default: the number of cores this process may run
/// on, or OMP_NUM_THREADS).
int ck_thread_count(void);

/// Sets that number, for our kernels and for the OpenMP run time; at least 1.
void ck_set_thread_count(int count);

/// Lets libraries that this thread calls use so many threads, without changing the setting; for work too small to share.
void ck_lend_threads(int count);

/// The work of one thread: items `begin..<end`.
typedef void (*ck_task)(void *context, int64_t begin, int64_t end);

/// Splits `0..<count` into contiguous parts of at least `grain` items, one per thread, and runs them. The split
/// depends only on `count`, `grain` and the thread count, so results are reproducible for a fixed thread count.
void ck_parallel_for(int64_t count, int64_t grain, ck_task task, void *context);

/// Items of so many elements each that are worth a thread's start.
static inline int64_t ck_grain_for(int64_t elements) {
  int64_t grain = 16384 / (elements > 0 ? elements : 1);
  return grain < 1 ? 1 : grain;
}

#endif
