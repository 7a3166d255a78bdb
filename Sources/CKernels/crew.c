#define _GNU_SOURCE
#include "crew.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

// Members; pieces of a share.
enum { MOST = 256, PIECES = CK_PIECES };

// The next piece of work of a step mostly comes within some microseconds. Who waits for longer gives up the core to whoever
// needs it and looks again; then it sleeps. To wake it takes longer than to multiply small matrices.
static const int64_t nanoseconds_alone = 30000, nanoseconds_awake = 3000000;

// The work at hand. Its fields change only while `open` is false and nobody is inside.
static struct {
  int64_t count;
  int members, pieces;  // pieces of each member
  int joined;           // how many are one with the first
  ck_task task;
  void *context;
  atomic_bool taken[MOST * PIECES];
} work;

static atomic_bool busy, open_now;
static atomic_uint rounds;  // of work, so far
static atomic_int inside;   // others that are in the work, or are looking whether there is any

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t new_work = PTHREAD_COND_INITIALIZER, all_left = PTHREAD_COND_INITIALIZER;
static atomic_int sleepers;
static atomic_bool owner_sleeps;
static int size = 1;  // with the calling thread; changed by whoever is `busy`

static void relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

// Whether a condition came true while awake.
#define COMES_SOON(condition)                                   \
  ({                                                            \
    bool came_ = (condition);                                   \
    for (int64_t start_ = now(); !came_;) {                     \
      for (int i_ = 0; i_ < 32 && !came_; i_++) {               \
        relax();                                                \
        came_ = (condition);                                    \
      }                                                         \
      int64_t waited_ = now() - start_;                         \
      if (waited_ > nanoseconds_awake) break;                   \
      if (waited_ > nanoseconds_alone) sched_yield();           \
    }                                                           \
    came_;                                                      \
  })

static void take(int member, int piece) {
  atomic_bool *taken = &work.taken[member * PIECES + piece];
  if (atomic_load_explicit(taken, memory_order_relaxed) || atomic_exchange(taken, true)) return;
  int64_t first = work.count * member / work.members, share = work.count * (member + 1) / work.members - first;
  int cut = piece + work.joined;
  int64_t begin = piece > 0 ? share - (share >> cut) : 0, end = share - (piece + 1 < work.pieces ? share >> (cut + 1) : 0);
  if (begin < end) work.task(work.context, first + begin, first + end);
}

// Takes pieces until none is left, one's own first: data that a thread worked on lie in its core's cache. What others have not come
// to is taken from their end.
static void take_pieces(int member) {
  int members = work.members, pieces = work.pieces;
  for (int piece = 0; member < members && piece < pieces; piece++) take(member, piece);
  for (int i = 1; i <= members; i++)
    for (int piece = pieces - 1; piece >= 0; piece--) take((member + i) % members, piece);
}

static void *serve(void *context) {
  int member = (int)(intptr_t)context;
  unsigned seen = 0;
  for (;;) {
    if (!COMES_SOON(atomic_load(&rounds) != seen)) {
      pthread_mutex_lock(&lock);
      atomic_fetch_add(&sleepers, 1);
      while (atomic_load(&rounds) == seen) pthread_cond_wait(&new_work, &lock);
      atomic_fetch_sub(&sleepers, 1);
      pthread_mutex_unlock(&lock);
    }
    seen = atomic_load(&rounds);
    atomic_fetch_add(&inside, 1);
    if (atomic_load(&open_now)) take_pieces(member);
    if (atomic_fetch_sub(&inside, 1) == 1 && atomic_load(&owner_sleeps)) {
      pthread_mutex_lock(&lock);
      pthread_cond_signal(&all_left);
      pthread_mutex_unlock(&lock);
    }
  }
  return NULL;
}

// Fewer threads than wanted are enough: whoever is there takes all pieces.
static void grow(int wanted) {
  while (size < wanted) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, serve, (void *)(intptr_t)size) != 0) return;
    pthread_detach(thread);
    size++;
  }
}

void crew_run(int64_t count, int64_t grain, int members, int wanted, ck_task task, void *context) {
  if (members > MOST) members = MOST;
  if (atomic_exchange(&busy, true)) {
    task(context, 0, count);
    return;
  }
  grow(members);
  int64_t share = count / members;
  int pieces = 1;
  while (pieces < PIECES && share >> pieces >= grain && share >> pieces > 0) pieces++;
  work.count = count;
  work.members = members;
  work.joined = pieces > wanted ? pieces - wanted : 0;
  work.pieces = pieces - work.joined;
  work.task = task;
  work.context = context;
  for (int i = 0; i < members; i++)
    for (int piece = 0; piece < work.pieces; piece++)
      atomic_store_explicit(&work.taken[i * PIECES + piece], false, memory_order_relaxed);
  atomic_store(&open_now, true);
  atomic_fetch_add(&rounds, 1);
  if (atomic_load(&sleepers) > 0) {
    pthread_mutex_lock(&lock);
    pthread_cond_broadcast(&new_work);
    pthread_mutex_unlock(&lock);
  }
  take_pieces(0);
  atomic_store(&open_now, false);
  if (!COMES_SOON(atomic_load(&inside) == 0)) {
    pthread_mutex_lock(&lock);
    atomic_store(&owner_sleeps, true);
    while (atomic_load(&inside) != 0) pthread_cond_wait(&all_left, &lock);
    atomic_store(&owner_sleeps, false);
    pthread_mutex_unlock(&lock);
  }
  atomic_store(&busy, false);
}
