#define _GNU_SOURCE
#include "ck_threads.h"

#include <dlfcn.h>
#include <stdlib.h>

#include "crew.h"

// OpenMP entry points, found at run time: the C target needs no OpenMP compiler flag, and where no run time is
// loaded our own threads do the work.
typedef void (*gomp_parallel)(void (*body)(void *), void *data, unsigned threads, unsigned flags);
typedef int (*omp_query)(void);
typedef void (*omp_set)(int);

static gomp_parallel parallel;
static omp_query thread_index;
static omp_query region_size;
static omp_set set_threads;
static int default_threads = 1;
static _Thread_local int own_threads;
static _Thread_local bool shares_with_library;

__attribute__((constructor)) static void find_run_time(void) {
  parallel = (gomp_parallel)dlsym(RTLD_DEFAULT, "GOMP_parallel");
  thread_index = (omp_query)dlsym(RTLD_DEFAULT, "omp_get_thread_num");
  region_size = (omp_query)dlsym(RTLD_DEFAULT, "omp_get_num_threads");
  set_threads = (omp_set)dlsym(RTLD_DEFAULT, "omp_set_num_threads");
  if (!thread_index || !region_size) parallel = 0;
  const char *wanted = getenv("OMP_NUM_THREADS");
  int count = wanted ? atoi(wanted) : 0;
  default_threads = count > 0 ? count : ck_available_cores();
  // The run time heeds affinity, but no quota.
  if (set_threads) set_threads(default_threads);
}

int ck_thread_count(void) { return own_threads > 0 ? own_threads : default_threads; }

void ck_set_thread_count(int count) {
  own_threads = count < 1 ? 1 : count;
  if (set_threads) set_threads(own_threads);
}

void ck_lend_threads(int count) {
  if (set_threads) set_threads(count);
}

void ck_share_threads_with_library(bool shares) { shares_with_library = shares; }

typedef struct {
  ck_task task;
  void *context;
  int64_t count;
  int parts;
  char start, end;  // their addresses name the two moments for ThreadSanitizer
} region;

// ThreadSanitizer cannot see how the OpenMP run time hands work over and waits for it. It is told, so that it still finds
// races within the work.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
void __tsan_acquire(void *address);
void __tsan_release(void *address);
#define BEFORE(moment) __tsan_release(moment)
#define AFTER(moment) __tsan_acquire(moment)
#endif
#endif
#ifndef BEFORE
#define BEFORE(moment) ((void)(moment))
#define AFTER(moment) ((void)(moment))
#endif

static void region_body(void *data) {
  region *r = data;
  AFTER(&r->start);
  // A run time may grant fewer threads than asked for: each takes every size-th part.
  for (int part = thread_index(), size = region_size(); part < r->parts; part += size) {
    int64_t begin = r->count * part / r->parts, end = r->count * (part + 1) / r->parts;
    if (begin < end) r->task(r->context, begin, end);
  }
  BEFORE(&r->end);
}

void ck_parallel_for(int64_t count, int64_t grain, ck_task task, void *context) {
  ck_parallel_for_in_pieces(count, grain, CK_PIECES, task, context);
}

void ck_parallel_for_in_pieces(int64_t count, int64_t grain, int pieces, ck_task task, void *context) {
  if (count <= 0) return;
  int64_t parts = grain > 0 ? count / grain : count;
  int threads = ck_thread_count();
  if (parts > threads) parts = threads;
  if (parts <= 1) {
    task(context, 0, count);
    return;
  }
  // Threads that the library has woken wait for work beside ours, and each would take cores from the other.
  if (!parallel || !shares_with_library) {
    crew_run(count, grain, (int)parts, pieces < 1 ? 1 : pieces, task, context);
    return;
  }
  region r = {task, context, count, (int)parts, 0, 0};
  BEFORE(&r.start);
  parallel(region_body, &r, (unsigned)parts, 0);
  AFTER(&r.end);
}
