// Sixteen or eight numbers at a time.
#ifndef CK_VECTORS_H
#define CK_VECTORS_H

#include <stdint.h>

// Sixteen numbers in a register (or several), and the same at any address.
typedef float wide __attribute__((vector_size(64)));
typedef float loose __attribute__((vector_size(64), aligned(4)));
typedef int32_t wide_bits __attribute__((vector_size(64)));

// Eight numbers in a register (or two), and the same at any address.
typedef float eight __attribute__((vector_size(32)));
typedef float eight_loose __attribute__((vector_size(32), aligned(4)));

// What takes or gives a `wide` is a macro: how a function would pass one differs between instruction sets.

// The sum of the numbers of a vector, by halves.
#define CK_SUM_LANES(x)                                                                       \
  ({                                                                                          \
    wide s_ = (x);                                                                            \
    s_ += __builtin_shufflevector(s_, s_, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7); \
    s_ += __builtin_shufflevector(s_, s_, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11); \
    s_ += __builtin_shufflevector(s_, s_, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13); \
    s_[0] + s_[1];                                                                            \
  })

// The larger of each two numbers; the second where one is no number, which then shows in the sum of exponentials.
#define CK_LARGER(x, y)                                                       \
  ({                                                                          \
    wide x_ = (x), y_ = (y);                                                  \
    wide_bits is_larger_ = x_ > y_;                                           \
    (wide)((is_larger_ & (wide_bits)x_) | (~is_larger_ & (wide_bits)y_));     \
  })

// The largest of the numbers of a vector, by halves.
#define CK_LARGEST_LANE(x)                                                                                \
  ({                                                                                                      \
    wide p_ = (x);                                                                                        \
    p_ = CK_LARGER(p_, __builtin_shufflevector(p_, p_, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7)); \
    p_ = CK_LARGER(p_, __builtin_shufflevector(p_, p_, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11)); \
    p_ = CK_LARGER(p_, __builtin_shufflevector(p_, p_, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13)); \
    p_ = CK_LARGER(p_, __builtin_shufflevector(p_, p_, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14)); \
    p_[0];                                                                                                \
  })

// One step of a transposition of 16 x 16 numbers: the halves, quarters ... of two rows that lie `s` apart change places.
#define CK_TRANSPOSE_STEP(s)                                    \
  for (int i = 0; i < 16; i++)                                           \
    if (!(i & s)) {                                                      \
      wide x = r[i], y = r[i + s];                                       \
      r[i] = __builtin_shufflevector(x, y, CK_LOW_##s);                  \
      r[i + s] = __builtin_shufflevector(x, y, CK_HIGH_##s);             \
    }
#define CK_LOW_1 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30
#define CK_HIGH_1 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31
#define CK_LOW_2 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29
#define CK_HIGH_2 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31
#define CK_LOW_4 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27
#define CK_HIGH_4 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31
#define CK_LOW_8 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23
#define CK_HIGH_8 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31

#endif
