#ifndef CKERNELS_H
#define CKERNELS_H

#include "ck_step.h"
#include "ck_threads.h"

#endif
