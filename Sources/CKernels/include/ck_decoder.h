// What a decoder does between its products when it runs token by token, float32.
#ifndef CK_DECODER_H
#define CK_DECODER_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
  int64_t tokens;     // new ones
  int64_t start;      // positions before them
  int64_t heads, key_heads, width;
} ck_cached_attention;

/// Attention of new positions over all positions up to themselves.
///
/// queries, result: [tokens, heads, width]; keys, values: [start + tokens or more, key_heads, width].
void ck_cached_attention_run(const ck_cached_attention *shape, const float *queries, const float *keys,
                             const float *values, float *result);

/// Turns pairs of numbers of each head, i and i + width / 2 or 2i and 2i + 1, in place. x: [tokens, heads, width]; cosines,
/// sines: [tokens, width / 2].
void ck_rotate_pairs(float *x, int64_t tokens, int64_t heads, int64_t width, bool adjacent, const float *cosines,
                     const float *sines);

/// gate <- silu(gate) * up.
void ck_gate_by_silu(float *gate, const float *up, int64_t count);

/// x <- gelu(x) by its approximation with tanh.
void ck_tanh_gelu(float *x, int64_t count);

#endif
