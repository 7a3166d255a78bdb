// Rows of weights as language models store them: blocks of small whole numbers with a scale each, or plain numbers.
#ifndef CK_WEIGHTS_H
#define CK_WEIGHTS_H

#include <stdint.h>

/// How a row of weights is stored, with the names and numbers of the GGUF format.
typedef enum {
  CK_W_F32 = 0,
  CK_W_F16 = 1,
  CK_W_Q4_0 = 2,
  CK_W_Q4_1 = 3,
  CK_W_Q5_0 = 6,
  CK_W_Q5_1 = 7,
  CK_W_Q8_0 = 8,
  CK_W_Q4_K = 12,
  CK_W_Q5_K = 13,
  CK_W_Q6_K = 14,
  CK_W_BF16 = 30,
} ck_weight_type;

/// Weights in one block, and bytes that the block takes; 0 for a type that is not known.
int64_t ck_weight_block(ck_weight_type type);
int64_t ck_weight_block_bytes(ck_weight_type type);

/// Writes `count` weights, a whole number of blocks, as float32.
void ck_weights_decode(ck_weight_type type, const void *source, int64_t count, float *target);

/// The same of whole rows that lie one after the other, as columns: target[c][r] = row order[r] at c, or row r where there
/// is no order. target: [columns, rows]. All threads share the rows.
void ck_weights_decode_columns(ck_weight_type type, const void *source, int64_t rows, int64_t columns,
                               const int64_t *order, float *target);

/// Rows of weights that lie one after the other, and where their products go: y [tokens, y_stride].
typedef struct {
  ck_weight_type type;
  const void *weights;
  int64_t rows;
  float *y;
  int64_t y_stride;
} ck_weight_rows;

/// y[t][r] = sum over c of x[t][c] w[r][c] for the rows of each matrix [rows, columns].
///
/// x: [tokens, columns], float32. All threads share the rows of all matrices. With fewer than three tokens, inputs of Q4_0,
/// Q4_1 and Q8_0 weights are whole numbers of 16 bits with a scale for each 32, where the machine has AVX2 (and F16C).
void ck_weights_multiply(const ck_weight_rows *matrices, int64_t count, int64_t columns, const float *x, int64_t tokens);

#endif
