// Our own threads: they wait for work for a short time, giving up the core to whoever needs it, and then sleep.
#ifndef CREW_H
#define CREW_H

#include "ck_threads.h"

/// Runs `task` on `parts` equal parts of `0..<count`, on the calling thread and at most `parts` - 1 others.
///
/// Each part is run once, by whoever is free first. Where the crew works for another thread already (or for this one), the
/// calling thread runs all parts itself.
void crew_run(int64_t count, int parts, ck_task task, void *context);

#endif
