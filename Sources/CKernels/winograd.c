// Convolutions with 3 x 3 taps and stride 1 by the minimal algorithm F(2 x 2, 3 x 3) (Lavin and Gray, "Fast algorithms for
// convolutional neural networks", arXiv 1509.09308): 2 x 2 results from a tile of 4 x 4 pixels by 16 products of channels
// and features in place of 36. Results differ from those of direct sums by rounding, and what is not finite spreads over its tile.
#include "winograd.h"

#include <stdbool.h>
#include <string.h>

#include "ck_scratch.h"
#include "ck_threads.h"
#include "ck_types.h"
#include "ck_vector_math.h"
#include "ck_vectors.h"

// Features that are computed together; places of a tile; tiles of a group, whose sums stay in the first-level cache; fewest and
// most channels and features; tiles that are worth sums of their own, whatever the number of threads; most such parts; numbers that
// all parts may take.
enum { FEATURES = 16, PLACES = 16, TILES = 18, NARROWEST = 16, WIDEST = 512, PART_TILES = 512, PARTS = 16, PART_NUMBERS = 1 << 21 };

static int64_t up(int64_t n, int64_t step) { return (n + step - 1) / step; }
static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }

// Tiles of 2 x 2 results of images.
typedef struct {
  int64_t batch, height, width, channels;  // of the input
  int64_t rows, columns, features;         // of the output
  int64_t top, left;
  int64_t across, down, tiles;             // tiles of an image, and of all
  int64_t filled;                          // channels, filled up to whole registers
} tiling;

typedef struct {
  int64_t image, y, x;
} tile;

static tile tile_at(const tiling *g, int64_t index) {
  int64_t row = index / g->across;
  return (tile){row / g->down, row % g->down, index % g->across};
}

static inline void next_tile(const tiling *g, tile *t) {
  if (++t->x < g->across) return;
  t->x = 0;
  if (++t->y < g->down) return;
  t->y = 0;
  t->image++;
}

typedef struct {
  tiling tiling;
  const float *input;
  const float *weights;    // [strips of features, places, channels, 16]
  float *output;           // or its gradient
  float *sums;             // [parts, strips of features, places, channels, 16]
  float *weight_gradient;
  int64_t parts, slices;
} winograd;

// Weights and, in numbers, how far apart those of neighbouring taps, channels and features are.
typedef struct {
  const float *weights;
  float *to;
  int64_t tap, channel, feature;
  int64_t channels, features, filled;
} weight_transform;

#define CK_BODY "winograd_body.inc"
#include "ck_dispatch.h"

bool ck_winograd_takes(const ck_convolution *p) {
  int64_t down = up(p->output_height, 2), across = up(p->output_width, 2);
  return p->kernel_height == 3 && p->kernel_width == 3 && p->stride_height == 1 && p->stride_width == 1 &&
         // Transforms pay where there are products enough between them, places that are no results do not, and weights are
         // transformed for some groups of tiles.
         p->channels >= NARROWEST && p->features >= NARROWEST && p->channels <= WIDEST && p->features <= WIDEST &&
         8 * down * across <= 3 * p->output_height * p->output_width && p->batch * down * across >= 4 * TILES;
}

static int64_t lanes(void) { return ck_works_in_sixteens() ? 16 : 8; }

static tiling with_tiles(tiling g) {
  g.across = up(g.columns, 2);
  g.down = up(g.rows, 2);
  g.tiles = g.batch * g.down * g.across;
  g.filled = up(g.channels, lanes()) * lanes();
  return g;
}

static tiling tiling_of(const ck_convolution *p) {
  return with_tiles((tiling){p->batch, p->height, p->width, p->channels, p->output_height, p->output_width, p->features,
                             p->pad_top, p->pad_left});
}

static void convolve(winograd *w, weight_transform t) {
  const tiling *g = &w->tiling;
  t.channels = g->channels;
  t.features = g->features;
  t.filled = g->filled;
  ck_parallel_for(up(g->features, FEATURES), ck_grain_for(9 * t.filled * FEATURES), CK_DISPATCH_BLOCKS(transform_weights), &t);
  w->weights = t.to;
  int64_t work = TILES * PLACES * g->channels * g->features;
  ck_parallel_for(up(g->tiles, TILES), 1 + 300000 / most(work, 1), CK_DISPATCH_BLOCKS(multiply_tiles), w);
}

void ck_winograd_forward(const ck_convolution *p, void *const *operands) {
  winograd w = {tiling_of(p), .input = operands[0], .output = operands[2]};
  convolve(&w, (weight_transform){operands[1], operands[3], p->channels * p->features, p->features, 1});
}

// The gradient with respect to the source is a convolution with turned weights, channels and features exchanged.
void ck_winograd_data_gradient(const ck_convolution *p, void *const *operands) {
  int64_t size = p->channels * p->features;
  winograd w = {.input = operands[0], .output = operands[2]};
  w.tiling = with_tiles((tiling){p->batch, p->output_height, p->output_width, p->features, p->height, p->width, p->channels,
                                 2 - p->pad_top, 2 - p->pad_left});
  convolve(&w, (weight_transform){(const float *)operands[1] + 8 * size, operands[3], -size, 1, p->features});
}

size_t ck_winograd_scratch_bytes(const ck_convolution *p) {
  return (size_t)(PLACES * up(p->channels, FEATURES) * FEATURES * up(p->features, FEATURES) * FEATURES) * 4;
}

// As many as the widest registers need: space is asked for before it is known which kernels will use it.
static int64_t sum_count(const tiling *g) {
  return PLACES * up(g->channels, FEATURES) * FEATURES * up(g->features, FEATURES) * FEATURES;
}

// The sums of many weights are not kept for many parts.
static int64_t part_count(const tiling *g) {
  return most(1, least(up(g->tiles, PART_TILES), least(PARTS, PART_NUMBERS / sum_count(g))));
}

void ck_winograd_weight_gradient(const ck_convolution *p, void *const *operands) {
  winograd w = {tiling_of(p), .input = operands[0], .output = operands[1], .sums = operands[3], .weight_gradient = operands[2]};
  const tiling *g = &w.tiling;
  w.parts = part_count(g);
  // Each slice transforms all tiles.
  w.slices = least(up(g->features, FEATURES), up(ck_thread_count(), w.parts));
  int64_t work = up(g->tiles, w.parts) * sum_count(g) / w.slices;
  ck_parallel_for(w.parts * w.slices, 1 + 300000 / most(work, 1), CK_DISPATCH_BLOCKS(sum_tiles), &w);
  ck_parallel_for(g->channels, ck_grain_for(w.parts * PLACES * g->features), CK_DISPATCH_BLOCKS(gather_weights), &w);
}

size_t ck_winograd_weight_gradient_scratch_bytes(const ck_convolution *p) {
  tiling g = tiling_of(p);
  return (size_t)(part_count(&g) * sum_count(&g)) * 4;
}
