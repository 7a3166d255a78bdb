// The few calls of MPI that messages between ranks need. Without the package trait MPI they are stubs that fail.
#ifndef CMPI_H
#define CMPI_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Whether this build has MPI.
bool cmpi_is_built(void);
/// The library and its version.
const char *cmpi_version(void);
/// What the last call that returned false found wrong.
const char *cmpi_error(void);

bool cmpi_start(void);
int cmpi_rank(void);
int cmpi_size(void);

/// Starts to send; the bytes are copied. False where MPI refuses.
bool cmpi_send(const void *bytes, size_t count, int to);
/// The bytes of a message that has arrived whole and its sender; count is -1 where there is none. Does not wait for one whose
/// sender is dead.
bool cmpi_probe(int *from, long *count);
/// Takes the message that `cmpi_probe` told of.
bool cmpi_receive(void *bytes, size_t count, int from);
/// Sends that are still under way.
int cmpi_pending(void);

/// Ends together with all other ranks.
void cmpi_finish(void);
/// Ends all ranks, where one of them can no longer end together with the others.
void cmpi_abort(int code);

#ifdef __cplusplus
}
#endif

#endif
