#include "ck_pool.h"

#include <stdbool.h>
#include <string.h>

#include "ck_threads.h"
#include "ck_types.h"
#include "ck_vectors.h"

// What of an image a window covers: rows [y0, y1), columns [x0, x1).
typedef struct {
  int64_t y0, y1, x0, x1, width, channels;
} window;

typedef struct {
  const ck_pool *p;
  void *const *operands;
  int64_t (*argument_of_vectors)(const window *, const float *, int32_t *);
} job;

#define CLIP(low, high, position, size, stride, pad, extent) \
  int64_t low = (position) * (stride) - (pad), high = low + (size); \
  low = low < 0 ? 0 : low;                                   \
  high = high > (extent) ? (extent) : high;

#define CK_BODY "pool_body.inc"
#include "ck_dispatch.h"

// A number is taken in place of the best so far where it is larger, or the first that is none. `first`: the first channel that
// is left to do.
#define POOL_ARGUMENT(T, first)                                                                 \
  for (int64_t row = begin; row < end; row++) {                                                 \
    int64_t n = row / p->output_height, oy = row % p->output_height;                            \
    const T *plane = (const T *)j->operands[0] + n * p->height * p->width * p->channels;        \
    CLIP(y0, y1, oy, p->window_height, p->stride_height, p->pad_top, p->height)                 \
    for (int64_t ox = 0; ox < p->output_width; ox++) {                                          \
      CLIP(x0, x1, ox, p->window_width, p->stride_width, p->pad_left, p->width)                 \
      int32_t *at = (int32_t *)j->operands[1] + (row * p->output_width + ox) * p->channels;     \
      /* A window that sees nothing of the image has no largest element: a place that is none. */ \
      if (y0 >= y1 || x0 >= x1) {                                                               \
        for (int64_t c = 0; c < p->channels; c++) at[c] = -1;                                   \
        continue;                                                                               \
      }                                                                                         \
      for (int64_t c = first; c < p->channels; c++) {                                           \
        int32_t found = (int32_t)(y0 * p->width + x0);                                          \
        T best = plane[found * p->channels + c];                                                \
        for (int64_t y = y0; y < y1; y++)                                                       \
          for (int64_t x = x0; x < x1; x++) {                                                   \
            int32_t here = (int32_t)(y * p->width + x);                                         \
            T value = plane[here * p->channels + c];                                            \
            bool takes = (value > best) | ((value != value) & (best == best));                  \
            best = takes ? value : best;                                                        \
            found = takes ? here : found;                                                       \
          }                                                                                     \
        at[c] = found;                                                                          \
      }                                                                                         \
    }                                                                                           \
  }

static void argument_rows(void *context, int64_t begin, int64_t end) {
  const job *j = context;
  const ck_pool *p = j->p;
  if (p->type == CK_FLOAT32)
    POOL_ARGUMENT(float, j->argument_of_vectors(&(window){y0, y1, x0, x1, p->width, p->channels}, plane, at))
  else if (p->type == CK_FLOAT64) POOL_ARGUMENT(double, 0)
  else POOL_ARGUMENT(int32_t, 0)
}

void ck_pool_argument(const void *parameters, void *const *operands) {
  const ck_pool *p = parameters;
  job j = {p, operands, CK_DISPATCH(argument_of_vectors)};
  int64_t each = p->output_width * p->channels * p->window_height * p->window_width;
  ck_parallel_for(p->batch * p->output_height, ck_grain_for(each), argument_rows, &j);
}

#define SUM_POOL(T)                                                                             \
  for (int64_t row = begin; row < end; row++) {                                                 \
    int64_t n = row / p->output_height, oy = row % p->output_height;                            \
    const T *plane = (const T *)j->operands[0] + n * p->height * p->width * p->channels;        \
    CLIP(y0, y1, oy, p->window_height, p->stride_height, p->pad_top, p->height)                 \
    for (int64_t ox = 0; ox < p->output_width; ox++) {                                          \
      CLIP(x0, x1, ox, p->window_width, p->stride_width, p->pad_left, p->width)                 \
      T *sum = (T *)j->operands[1] + (row * p->output_width + ox) * p->channels;                \
      for (int64_t c = 0; c < p->channels; c++) sum[c] = 0;                                     \
      for (int64_t y = y0; y < y1; y++)                                                         \
        for (int64_t x = x0; x < x1; x++) {                                                     \
          const T *pixel = plane + (y * p->width + x) * p->channels;                            \
          for (int64_t c = 0; c < p->channels; c++) sum[c] += pixel[c];                         \
        }                                                                                       \
    }                                                                                           \
  }

static void sum_rows(void *context, int64_t begin, int64_t end) {
  const job *j = context;
  const ck_pool *p = j->p;
  if (p->type == CK_FLOAT32) SUM_POOL(float)
  else SUM_POOL(double)
}

void ck_sum_pool(const void *parameters, void *const *operands) {
  const ck_pool *p = parameters;
  job j = {.p = p, .operands = operands};
  int64_t each = p->output_width * p->channels * p->window_height * p->window_width;
  ck_parallel_for(p->batch * p->output_height, ck_grain_for(each), sum_rows, &j);
}

#define SUM_POOL_GRADIENT(T)                                                                    \
  for (int64_t n = begin; n < end; n++) {                                                       \
    T *plane = (T *)j->operands[1] + n * p->height * p->width * p->channels;                    \
    memset(plane, 0, (size_t)(p->height * p->width * p->channels) * sizeof(T));                 \
    for (int64_t oy = 0; oy < p->output_height; oy++) {                                         \
      CLIP(y0, y1, oy, p->window_height, p->stride_height, p->pad_top, p->height)               \
      for (int64_t ox = 0; ox < p->output_width; ox++) {                                        \
        CLIP(x0, x1, ox, p->window_width, p->stride_width, p->pad_left, p->width)               \
        const T *g = (const T *)j->operands[0] +                                                \
                     ((n * p->output_height + oy) * p->output_width + ox) * p->channels;        \
        for (int64_t y = y0; y < y1; y++)                                                       \
          for (int64_t x = x0; x < x1; x++) {                                                   \
            T *pixel = plane + (y * p->width + x) * p->channels;                                \
            for (int64_t c = 0; c < p->channels; c++) pixel[c] += g[c];                         \
          }                                                                                     \
      }                                                                                         \
    }                                                                                           \
  }

static void gradient_images(void *context, int64_t begin, int64_t end) {
  const job *j = context;
  const ck_pool *p = j->p;
  if (p->type == CK_FLOAT32) SUM_POOL_GRADIENT(float)
  else SUM_POOL_GRADIENT(double)
}

void ck_sum_pool_gradient(const void *parameters, void *const *operands) {
  const ck_pool *p = parameters;
  job j = {.p = p, .operands = operands};
  ck_parallel_for(p->batch, ck_grain_for(p->height * p->width * p->channels), gradient_images, &j);
}
