// Our own threads: they wait for work for a short time, giving up the core to whoever needs it, and then sleep.
#ifndef CREW_H
#define CREW_H

#include "ck_threads.h"

/// Runs `task` on `0..<count`, on the calling thread and at most `members` - 1 others, which have equal shares.
///
/// A share is cut into pieces of a half, a quarter, an eighth and an eighth of it, as far as these are of `grain` items; where fewer
/// `pieces` are wanted the first ones are one. A member begins with the first of its own, and takes others' last ones when it has
/// none left: cores are not equally fast where other programs, or other machines on the same processor, use them too. Where the crew
/// works for another thread already (or for this one), the calling thread does all by itself.
void crew_run(int64_t count, int64_t grain, int members, int pieces, ck_task task, void *context);

#endif
