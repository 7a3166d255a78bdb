#ifndef CKERNELS_H
#define CKERNELS_H

#include "ck_attention.h"
#include "ck_blocked_product.h"
#include "ck_column_product.h"
#include "ck_convolution.h"
#include "ck_cross_entropy.h"
#include "ck_decoder.h"
#include "ck_fused.h"
#include "ck_grouped_attention.h"
#include "ck_indexing.h"
#include "ck_layer_norm.h"
#include "ck_pool.h"
#include "ck_product.h"
#include "ck_random.h"
#include "ck_rms_norm.h"
#include "ck_step.h"
#include "ck_threads.h"
#include "ck_types.h"
#include "ck_weights.h"

#endif
