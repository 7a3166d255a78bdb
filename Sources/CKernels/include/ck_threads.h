// Threads of kernels: our own, or, in programs that wake a library's threads, those of its OpenMP run time.
#ifndef CK_THREADS_H
#define CK_THREADS_H

#include <stdbool.h>
#include <stdint.h>

/// Number of threads that kernels use which the calling thread starts (default: OMP_NUM_THREADS, or the cores available when
/// the process started).
int ck_thread_count(void);

/// Sets that number, for our kernels and for the OpenMP run time; at least 1.
void ck_set_thread_count(int count);

/// The number of cores that the calling thread may keep busy: those that it may run on, or the share of time that its control
/// groups allow (rounded up) where that is less.
int ck_available_cores(void);

/// The cores that a control group allows by the text of its `cpu.max` ("150000 100000": 2), or 0 where it sets no limit.
int ck_cores_of_quota(const char *text);

/// The least that the control groups of a file of memberships (`/proc/self/cgroup`) and those they are in allow, where groups of
/// version 2 lie under `root` and those of version 1 under `root`/cpu; 0 where none sets a limit, and on other systems than Linux.
int ck_cores_of_groups(const char *memberships, const char *root);

/// Lets libraries that this thread calls use so many threads, without changing the setting; for work too small to share.
void ck_lend_threads(int count);

/// Whether what the calling thread starts next works beside calls that wake a library's threads, which it then takes.
void ck_share_threads_with_library(bool shares);

/// Work on items `begin..<end`.
typedef void (*ck_task)(void *context, int64_t begin, int64_t end);

/// Splits `0..<count` into contiguous parts of at least `grain` items, one or some for each thread, and runs them. Where the threads
/// work for another caller all of it is one part: no result may depend on where parts begin.
void ck_parallel_for(int64_t count, int64_t grain, ck_task task, void *context);

/// The most pieces of a thread's share, of which others take some when they have none of their own left.
enum { CK_PIECES = 4 };

/// The same, for tasks that do something over again for each piece: each share is cut into `pieces` at most.
void ck_parallel_for_in_pieces(int64_t count, int64_t grain, int pieces, ck_task task, void *context);

/// Items of so many elements each that are worth a thread's start.
static inline int64_t ck_grain_for(int64_t elements) {
  int64_t grain = 16384 / (elements > 0 ? elements : 1);
  return grain < 1 ? 1 : grain;
}

#endif
