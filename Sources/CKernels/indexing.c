#include "ck_indexing.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ck_scratch.h"
#include "ck_threads.h"

typedef struct {
  const void *parameters;
  void *const *operands;
} job;

static void fill_missing(char *target, ck_type type, int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    if (type == CK_FLOAT32) ((float *)target)[i] = NAN;
    else if (type == CK_FLOAT64) ((double *)target)[i] = NAN;
    else memset(target + i * ck_type_bytes(type), 0, (size_t)ck_type_bytes(type));
  }
}

static void gather_rows(void *context, int64_t begin, int64_t end) {
  const job *j = context;
  const ck_indexing *p = j->parameters;
  const int32_t *indices = j->operands[1];
  int64_t bytes = ck_type_bytes((ck_type)p->type), row = p->inner * bytes;
  for (int64_t item = begin; item < end; item++) {
    int64_t outer = item / p->count, position = indices[item % p->count];
    char *target = (char *)j->operands[2] + item * row;
    if (position >= 0 && position < p->extent)
      memcpy(target, (const char *)j->operands[0] + (outer * p->extent + position) * row, (size_t)row);
    else
      fill_missing(target, (ck_type)p->type, p->inner);
  }
}

void ck_gather(const void *parameters, void *const *operands) {
  const ck_indexing *p = parameters;
  job j = {parameters, operands};
  ck_parallel_for(p->outer * p->count, ck_grain_for(p->inner), gather_rows, &j);
}

// T holds a number's bits; where an index is outside of the axis they are those of `missing`.
#define GATHER_ELEMENTS(T, missing)                                                             \
  for (int64_t item = begin; item < end; item++) {                                              \
    const T *source = (const T *)j->operands[0] + item / p->count * p->extent * p->inner;       \
    T *target = (T *)j->operands[2] + item * p->inner;                                          \
    const int32_t *at = indices + item * p->inner;                                              \
    for (int64_t i = 0; i < p->inner; i++)                                                      \
      target[i] = at[i] >= 0 && at[i] < p->extent ? source[at[i] * p->inner + i] : (missing);   \
  }

static void gather_elements(void *context, int64_t begin, int64_t end) {
  const job *j = context;
  const ck_indexing *p = j->parameters;
  const int32_t *indices = j->operands[1];
  int64_t bytes = ck_type_bytes((ck_type)p->type);
  if (p->type == CK_FLOAT32) GATHER_ELEMENTS(float, NAN)
  else if (p->type == CK_FLOAT64) GATHER_ELEMENTS(double, NAN)
  else if (bytes == 4) GATHER_ELEMENTS(int32_t, 0)
  else GATHER_ELEMENTS(uint8_t, 0)
}

void ck_gather_elements(const void *parameters, void *const *operands) {
  const ck_indexing *p = parameters;
  job j = {parameters, operands};
  ck_parallel_for(p->outer * p->count, ck_grain_for(p->inner), gather_elements, &j);
}

// Threads own outer positions (and, for rows, ranges of the target axis), so that sums have one order.
#define SCATTER_ROWS(T)                                                                         \
  for (int64_t o = 0; o < p->outer; o++)                                                        \
    for (int64_t c = 0; c < p->count; c++) {                                                    \
      int64_t position = indices[c];                                                            \
      if (position < begin || position >= end) continue;                                        \
      const T *source = (const T *)j->operands[0] + (o * p->count + c) * p->inner;              \
      T *target = (T *)j->operands[2] + (o * p->extent + position) * p->inner;                  \
      for (int64_t i = 0; i < p->inner; i++) target[i] += source[i];                            \
    }

static void add_rows(void *context, int64_t begin, int64_t end) {
  const job *j = context;
  const ck_indexing *p = j->parameters;
  const int32_t *indices = j->operands[1];
  if (p->type == CK_FLOAT32) SCATTER_ROWS(float)
  else if (p->type == CK_FLOAT64) SCATTER_ROWS(double)
  else SCATTER_ROWS(uint32_t)
}

static void scatter_rows(void *context, int64_t begin, int64_t end) {
  const job *j = context;
  const ck_indexing *p = j->parameters;
  int64_t bytes = ck_type_bytes((ck_type)p->type);
  for (int64_t o = 0; o < p->outer; o++)
    memset((char *)j->operands[2] + (o * p->extent + begin) * p->inner * bytes, 0,
           (size_t)((end - begin) * p->inner * bytes));
  add_rows(context, begin, end);
}

static void scatter(const void *parameters, void *const *operands, ck_task task) {
  const ck_indexing *p = parameters;
  job j = {parameters, operands};
  int64_t each = p->outer * p->count * p->inner / (p->extent > 0 ? p->extent : 1);
  ck_parallel_for(p->extent, ck_grain_for(each), task, &j);
}

void ck_scatter_add(const void *parameters, void *const *operands) { scatter(parameters, operands, scatter_rows); }

void ck_scatter_add_onto(const void *parameters, void *const *operands) { scatter(parameters, operands, add_rows); }

#define SCATTER_ELEMENTS(T)                                                                     \
  for (int64_t o = begin; o < end; o++)                                                         \
    for (int64_t c = 0; c < p->count; c++)                                                      \
      for (int64_t i = 0; i < p->inner; i++) {                                                  \
        int64_t at = (o * p->count + c) * p->inner + i, position = indices[at];                 \
        if (position >= 0 && position < p->extent)                                              \
          ((T *)j->operands[2])[(o * p->extent + position) * p->inner + i] += ((const T *)j->operands[0])[at]; \
      }

static void scatter_elements(void *context, int64_t begin, int64_t end) {
  const job *j = context;
  const ck_indexing *p = j->parameters;
  const int32_t *indices = j->operands[1];
  int64_t slab = p->extent * p->inner * ck_type_bytes((ck_type)p->type);
  memset((char *)j->operands[2] + begin * slab, 0, (size_t)((end - begin) * slab));
  if (p->type == CK_FLOAT32) SCATTER_ELEMENTS(float)
  else if (p->type == CK_FLOAT64) SCATTER_ELEMENTS(double)
  else SCATTER_ELEMENTS(uint32_t)
}

void ck_scatter_add_elements(const void *parameters, void *const *operands) {
  const ck_indexing *p = parameters;
  job j = {parameters, operands};
  ck_parallel_for(p->outer, ck_grain_for((p->count + p->extent) * p->inner), scatter_elements, &j);
}

#define ARGUMENT(T)                                                                             \
  for (int64_t item = begin; item < end; item++) {                                              \
    const T *x = (const T *)j->operands[0] + item / p->inner * p->extent * p->inner + item % p->inner; \
    T best = x[0];                                                                              \
    int32_t at = 0;                                                                             \
    for (int64_t e = 1; e < p->extent && best == best; e++) {                                   \
      T value = x[e * p->inner];                                                                \
      if ((p->flag ? value > best : value < best) || value != value) {                          \
        best = value;                                                                           \
        at = (int32_t)e;                                                                        \
      }                                                                                         \
    }                                                                                           \
    ((int32_t *)j->operands[1])[item] = at;                                                     \
  }

static void argument_items(void *context, int64_t begin, int64_t end) {
  const job *j = context;
  const ck_axis *p = j->parameters;
  if (p->type == CK_FLOAT32) ARGUMENT(float)
  else if (p->type == CK_FLOAT64) ARGUMENT(double)
  else if (p->type == CK_INT32) ARGUMENT(int32_t)
  else ARGUMENT(uint8_t)
}

void ck_argument(const void *parameters, void *const *operands) {
  const ck_axis *p = parameters;
  job j = {parameters, operands};
  ck_parallel_for(p->outer * p->inner, ck_grain_for(p->extent), argument_items, &j);
}

static double number_at(const ck_axis *p, const void *row, int32_t i) {
  switch (p->type) {
    case CK_FLOAT32: return ((const float *)row)[i];
    case CK_FLOAT64: return ((const double *)row)[i];
    case CK_INT32: return ((const int32_t *)row)[i];
    default: return ((const uint8_t *)row)[i];
  }
}

// Whether the element at `a` stands strictly before the one at `b`.
static bool precedes(const ck_axis *p, const void *row, int32_t a, int32_t b) {
  double x = number_at(p, row, a), y = number_at(p, row, b);
  if (x != x || y != y) return x == x;
  return p->flag ? x > y : x < y;
}

static void sort_rows(void *context, int64_t begin, int64_t end) {
  const job *j = context;
  const ck_axis *p = j->parameters;
  int64_t n = p->extent;
  int32_t *spare = ck_scratch((size_t)n * 4);
  for (int64_t r = begin; r < end; r++) {
    const char *row = (const char *)j->operands[0] + r * n * ck_type_bytes((ck_type)p->type);
    int32_t *order = (int32_t *)j->operands[1] + r * n, *from = order, *to = spare;
    for (int64_t i = 0; i < n; i++) order[i] = (int32_t)i;
    // Bottom-up merge sort: stable, without recursion.
    for (int64_t width = 1; width < n; width *= 2) {
      for (int64_t low = 0; low < n; low += 2 * width) {
        int64_t middle = low + width < n ? low + width : n, high = low + 2 * width < n ? low + 2 * width : n;
        int64_t left = low, right = middle;
        for (int64_t k = low; k < high; k++)
          to[k] = right >= high || (left < middle && !precedes(p, row, from[right], from[left])) ? from[left++]
                                                                                               : from[right++];
      }
      int32_t *swap = from;
      from = to;
      to = swap;
    }
    if (from != order) memcpy(order, from, (size_t)n * 4);
  }
}

void ck_argument_sort(const void *parameters, void *const *operands) {
  const ck_axis *p = parameters;
  job j = {parameters, operands};
  ck_parallel_for(p->outer, ck_grain_for(p->extent * 16), sort_rows, &j);
}

#define CUMULATE(T)                                                                             \
  for (int64_t o = begin; o < end; o++)                                                         \
    for (int64_t step = 0; step < p->extent; step++) {                                          \
      int64_t e = p->flag ? p->extent - 1 - step : step, before = p->flag ? e + 1 : e - 1;      \
      const T *x = (const T *)j->operands[0] + (o * p->extent + e) * p->inner;                  \
      T *y = (T *)j->operands[1] + (o * p->extent + e) * p->inner;                              \
      const T *previous = (const T *)j->operands[1] + (o * p->extent + before) * p->inner;      \
      for (int64_t i = 0; i < p->inner; i++) y[i] = step == 0 ? x[i] : previous[i] + x[i];      \
    }

static void cumulate(void *context, int64_t begin, int64_t end) {
  const job *j = context;
  const ck_axis *p = j->parameters;
  if (p->type == CK_FLOAT32) CUMULATE(float)
  else if (p->type == CK_FLOAT64) CUMULATE(double)
  else CUMULATE(uint32_t)
}

void ck_cumulative_sum(const void *parameters, void *const *operands) {
  const ck_axis *p = parameters;
  job j = {parameters, operands};
  ck_parallel_for(p->outer, ck_grain_for(p->extent * p->inner), cumulate, &j);
}

void ck_zero(const void *parameters, void *const *operands) {
  memset(operands[0], 0, (size_t) * (const int64_t *)parameters);
}
