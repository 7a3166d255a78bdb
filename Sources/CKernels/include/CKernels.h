#ifndef CKERNELS_H
#define CKERNELS_H

#include "ck_fused.h"
#include "ck_step.h"
#include "ck_threads.h"
#include "ck_types.h"

#endif
