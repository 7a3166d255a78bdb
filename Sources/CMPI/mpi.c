#include "cmpi.h"

#ifdef DESCENT_MPI

#include <limits.h>
#include <mpi.h>
#include <stdlib.h>
#include <string.h>

enum { TAG = 7 };

// Sends under way, with their copies.
typedef struct sending {
  MPI_Request request;
  struct sending *next;
  char bytes[];
} sending;

static sending *under_way;
static char error_text[MPI_MAX_ERROR_STRING];

static bool succeeded(int code) {
  if (code == MPI_SUCCESS) return true;
  int length = 0;
  MPI_Error_string(code, error_text, &length);
  return false;
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

// Frees the copies of sends that are complete.
static void sweep(void) {
  for (sending **place = &under_way; *place;) {
    int complete = 0;
    MPI_Test(&(*place)->request, &complete, MPI_STATUS_IGNORE);
    if (complete) {
      sending *done = *place;
      *place = done->next;
      free(done);
    } else {
      place = &(*place)->next;
    }
  }
}

bool cmpi_send(const void *bytes, size_t count, int to) {
  sweep();
  sending *item = count <= INT_MAX ? malloc(sizeof(sending) + count) : NULL;
  if (!item) {
    strcpy(error_text, "a message is too large");
    return false;
  }
  memcpy(item->bytes, bytes, count);
  if (!succeeded(MPI_Isend(item->bytes, (int)count, MPI_BYTE, to, TAG, MPI_COMM_WORLD, &item->request))) {
    free(item);
    return false;
  }
  item->next = under_way;
  under_way = item;
  return true;
}

bool cmpi_probe(int *from, long *count) {
  sweep();
  int arrived = 0;
  MPI_Status status;
  *count = -1;
  if (!succeeded(MPI_Iprobe(MPI_ANY_SOURCE, TAG, MPI_COMM_WORLD, &arrived, &status))) return false;
  if (!arrived) return true;
  int bytes = 0;
  MPI_Get_count(&status, MPI_BYTE, &bytes);
  *from = status.MPI_SOURCE;
  *count = bytes;
  return true;
}

bool cmpi_receive(void *bytes, size_t count, int from) {
  return succeeded(MPI_Recv(bytes, (int)count, MPI_BYTE, from, TAG, MPI_COMM_WORLD, MPI_STATUS_IGNORE));
}

int cmpi_pending(void) {
  sweep();
  int count = 0;
  for (sending *item = under_way; item; item = item->next) count++;
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
