#include "cmpi.h"

#ifdef DESCENT_MPI

#include <limits.h>
#include <mpi.h>
#include <stdlib.h>
#include <string.h>

enum { TAG = 7 };
// Seconds for the next pieces of a message to come.
static const double patience = 2e-4;

// A message under way. A long one needs both sides until it is whole, and the other side may die.
typedef struct message {
  MPI_Request request;
  struct message *next;
  size_t capacity;
  int count, from;
  bool is_whole;
  char bytes[];
} message;

// Those that leave, those that arrive, the oldest first, and the memory of earlier ones: new pages cost more than a copy.
static message *leaving, *arriving, *spare;
enum { MOST_SPARE = 8 };

static char error_text[MPI_MAX_ERROR_STRING];

static bool succeeded(int code) {
  if (code == MPI_SUCCESS) return true;
  int length = 0;
  MPI_Error_string(code, error_text, &length);
  return false;
}

// Memory for a message, of an earlier one where that fits.
static message *obtain(size_t count) {
  for (message **place = &spare; *place; place = &(*place)->next) {
    message *item = *place;
    if (item->capacity < count || item->capacity > 4 * count + 4096) continue;
    *place = item->next;
    return item;
  }
  message *item = count <= INT_MAX ? malloc(sizeof(message) + count) : NULL;
  if (item) item->capacity = count;
  else strcpy(error_text, "a message is too large");
  return item;
}

static void release(message *item) {
  item->next = spare;
  spare = item;
  message **place = &spare;
  for (int i = 0; i < MOST_SPARE && *place; i++) place = &(*place)->next;
  free(*place);
  *place = NULL;
}

bool cmpi_is_built(void) { return true; }

const char *cmpi_version(void) {
  static char text[MPI_MAX_LIBRARY_VERSION_STRING];
  int length = 0;
  MPI_Get_library_version(text, &length);
  return text;
}

const char *cmpi_error(void) { return error_text; }

bool cmpi_start(void) {
  int started = 0;
  MPI_Initialized(&started);
  if (started) return true;
  // Tasks compute on other threads, but only this one speaks.
  int support = 0;
  if (!succeeded(MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &support))) return false;
  return succeeded(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN));
}

int cmpi_rank(void) {
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  return rank;
}

int cmpi_size(void) {
  int size = 1;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  return size;
}

// Lets go of what has left.
static void sweep(void) {
  for (message **place = &leaving; *place;) {
    int complete = 0;
    MPI_Test(&(*place)->request, &complete, MPI_STATUS_IGNORE);
    if (complete) {
      message *done = *place;
      *place = done->next;
      release(done);
    } else {
      place = &(*place)->next;
    }
  }
}

bool cmpi_send(const void *bytes, size_t count, int to) {
  sweep();
  message *item = obtain(count);
  if (!item) return false;
  memcpy(item->bytes, bytes, count);
  if (!succeeded(MPI_Isend(item->bytes, (int)count, MPI_BYTE, to, TAG, MPI_COMM_WORLD, &item->request))) {
    release(item);
    return false;
  }
  item->next = leaving;
  leaving = item;
  return true;
}

// Begins to take in all messages that have reached this process.
static bool expect(void) {
  while (true) {
    int arrived = 0, count = 0;
    MPI_Status status;
    if (!succeeded(MPI_Iprobe(MPI_ANY_SOURCE, TAG, MPI_COMM_WORLD, &arrived, &status))) return false;
    if (!arrived) return true;
    MPI_Get_count(&status, MPI_BYTE, &count);
    message *item = obtain((size_t)count);
    if (!item) return false;
    item->from = status.MPI_SOURCE;
    item->count = count;
    item->is_whole = false;
    item->next = NULL;
    if (!succeeded(MPI_Irecv(item->bytes, count, MPI_BYTE, item->from, TAG, MPI_COMM_WORLD, &item->request))) {
      release(item);
      return false;
    }
    message **end = &arriving;
    while (*end) end = &(*end)->next;
    *end = item;
  }
}

// Whether an older message of its sender is still under way.
static bool is_early(const message *item) {
  for (const message *older = arriving; older != item; older = older->next)
    if (older->from == item->from) return true;
  return false;
}

bool cmpi_probe(int *from, long *count) {
  sweep();
  *count = -1;
  if (!expect()) return false;
  for (message *item = arriving; item; item = item->next) {
    int complete = item->is_whole;
    // Each test takes in a piece; who came back after a sleep for each would be slow.
    for (double start = MPI_Wtime(); !complete && MPI_Wtime() - start < patience;)
      if (!succeeded(MPI_Test(&item->request, &complete, MPI_STATUS_IGNORE))) return false;
    item->is_whole = complete;
    if (!complete || is_early(item)) continue;
    *from = item->from;
    *count = item->count;
    return true;
  }
  return true;
}

bool cmpi_receive(void *bytes, size_t count, int from) {
  for (message **place = &arriving; *place; place = &(*place)->next) {
    message *item = *place;
    if (item->from != from) continue;
    if (!item->is_whole || (size_t)item->count != count) break;
    memcpy(bytes, item->bytes, count);
    *place = item->next;
    release(item);
    return true;
  }
  strcpy(error_text, "no such message has arrived");
  return false;
}

int cmpi_pending(void) {
  sweep();
  int count = 0;
  for (message *item = leaving; item; item = item->next) count++;
  return count;
}

void cmpi_finish(void) {
  int ended = 0;
  MPI_Finalized(&ended);
  if (!ended) MPI_Finalize();
}

void cmpi_abort(int code) { MPI_Abort(MPI_COMM_WORLD, code); }

#else

#include <stdlib.h>

bool cmpi_is_built(void) { return false; }
const char *cmpi_version(void) { return "none"; }
const char *cmpi_error(void) { return "this build has no MPI; build it with: swift build --traits MPI"; }
bool cmpi_start(void) { return false; }
int cmpi_rank(void) { return 0; }
int cmpi_size(void) { return 1; }
bool cmpi_send(const void *bytes, size_t count, int to) { return (void)bytes, (void)count, (void)to, false; }
bool cmpi_probe(int *from, long *count) { return (void)from, (void)count, false; }
bool cmpi_receive(void *bytes, size_t count, int from) { return (void)bytes, (void)count, (void)from, false; }
int cmpi_pending(void) { return 0; }
void cmpi_finish(void) {}
void cmpi_abort(int code) { exit(code); }

#endif
