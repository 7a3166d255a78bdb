#include "ck_tile.h"

#include <string.h>

// Words that stand for numbers of any type when they are only moved.
typedef int32_t __attribute__((may_alias)) word32;
typedef int64_t __attribute__((may_alias)) word64;

void ck_splat(void *target, ck_type type, const void *value, int64_t n) {
  if (type == CK_FLOAT64) {
    word64 v = *(const word64 *)value, *t = target;
    for (int64_t i = 0; i < n; i++) t[i] = v;
  } else if (type == CK_BOOL) {
    memset(target, *(const uint8_t *)value, (size_t)n);
  } else {
    word32 v = *(const word32 *)value, *t = target;
    for (int64_t i = 0; i < n; i++) t[i] = v;
  }
}

// What moves element by element: from s[FROM] to t[TO].
#define MOVE(T, FROM, TO)                                       \
  do {                                                          \
    const T *s = source;                                        \
    T *t = target;                                              \
    for (int64_t r = 0; r < rows; r++)                          \
      for (int64_t j = 0; j < columns; j++) t[TO] = s[FROM];    \
  } while (0)
#define MOVE_ALL(FROM, TO)                  \
  do {                                      \
    if (bytes == 8) MOVE(word64, FROM, TO); \
    else if (bytes == 4) MOVE(word32, FROM, TO); \
    else MOVE(uint8_t, FROM, TO);           \
  } while (0)

static void load_rows(void *target, ck_type type, const void *source, int64_t rows, int64_t columns, int64_t row_stride,
                      int64_t column_stride) {
  int64_t bytes = ck_type_bytes(type);
  if (column_stride == 1 && row_stride == 0 && rows > 0) {
    // One row again and again: what is there is doubled.
    int64_t done = columns * bytes, total = rows * done;
    memcpy(target, source, (size_t)done);
    for (int64_t next; done < total; done += next) {
      next = done < total - done ? done : total - done;
      memcpy((char *)target + done, target, (size_t)next);
    }
  } else if (column_stride == 1) {
    for (int64_t r = 0; r < rows; r++)
      memcpy((char *)target + r * columns * bytes, (const char *)source + r * row_stride * bytes, (size_t)(columns * bytes));
  } else if (column_stride == 0) {
    for (int64_t r = 0; r < rows; r++)
      ck_splat((char *)target + r * columns * bytes, type, (const char *)source + r * row_stride * bytes, columns);
  } else {
    MOVE_ALL(r * row_stride + j * column_stride, r * columns + j);
  }
}

static void store_rows(const void *source, ck_type type, void *target, int64_t rows, int64_t columns, int64_t row_stride,
                       int64_t column_stride) {
  int64_t bytes = ck_type_bytes(type);
  if (column_stride == 1) {
    for (int64_t r = 0; r < rows; r++)
      memcpy((char *)target + r * row_stride * bytes, (const char *)source + r * columns * bytes, (size_t)(columns * bytes));
  } else {
    MOVE_ALL(r * columns + j, r * row_stride + j * column_stride);
  }
}

// Units that follow one another as their rows do are one.
static ck_tile joined(ck_tile size, ck_tile apart) {
  return size.units > 1 && apart.units == size.rows * apart.rows ? (ck_tile){1, size.units * size.rows, size.columns} : size;
}

void ck_tile_load(void *dense, ck_type type, const void *source, ck_tile size, ck_tile apart) {
  size = joined(size, apart);
  int64_t bytes = ck_type_bytes(type);
  for (int64_t u = 0; u < size.units; u++)
    load_rows((char *)dense + u * size.rows * size.columns * bytes, type, (const char *)source + u * apart.units * bytes,
              size.rows, size.columns, apart.rows, apart.columns);
}

void ck_tile_store(const void *dense, ck_type type, void *target, ck_tile size, ck_tile apart) {
  size = joined(size, apart);
  int64_t bytes = ck_type_bytes(type);
  for (int64_t u = 0; u < size.units; u++)
    store_rows((const char *)dense + u * size.rows * size.columns * bytes, type, (char *)target + u * apart.units * bytes,
               size.rows, size.columns, apart.rows, apart.columns);
}
