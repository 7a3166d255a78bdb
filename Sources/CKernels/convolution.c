#include "ck_convolution.h"

#include <stdbool.h>
#include <string.h>

#include "ck_blocked_product.h"
#include "ck_scratch.h"
#include "ck_threads.h"
#include "ck_types.h"
#include "ck_vector_math.h"
#include "ck_vectors.h"
#include "winograd.h"

// Features that are computed together; steps of a chain of sums whose weights stay in the first-level cache; numbers of a
// band of images in the second-level cache; parts of a batch, or slices of the features, whose weight gradients are summed
// apart, whatever the number of threads; numbers that all parts may take.
enum { FEATURES = 16, STEPS = 400, BAND = 32768, PARTS = 16, PART_NUMBERS = 1 << 21 };
// Numbers of source and destination that stay in the first-level cache; correlations that are done image by image together,
// as many as strides of 4 have.
enum { NEAR = 6144, MOST_INTERLEAVED = 16 };
// Weights of a tap whose gradients are a product of all pixels; numbers that are copied for it at once.
enum { WIDE_WEIGHTS = 32768, COPIED = 1 << 20 };

static int64_t up(int64_t n, int64_t step) { return (n + step - 1) / step; }
static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }

// Output pixel (y, x) is the sum over taps (t, u) and channels of input pixel (y stride + t - top, x stride + u - left)
// times weights, which lie in strips of sixteen features.
typedef struct {
  int64_t batch, height, width, channels;
  int64_t rows, columns, features;
  int64_t taps, taps_across, stride, stride_across, top, left;
  int64_t image_step, row_step, pixel_step;  // of the output
  const float *input, *strips;
  float *output;
  int64_t band, bands;  // rows of output that are worked on together, and how many such bands an image has
} correlation;

// Input pixels of a row that the outputs see.
static int64_t seen(const correlation *c) { return (c->columns - 1) * c->stride_across + c->taps_across; }

// Numbers that are asked for, some at a time, while others are multiplied.
typedef struct {
  const float *at, *end;
  int64_t share;
} ahead;

static ahead in_shares(const float *from, const float *beyond, int64_t shares) {
  return (ahead){from, beyond, up(beyond - from, 16 * shares) * 16};
}

static inline void ask(ahead *a) {
  for (int64_t i = 0; i < a->share && a->at < a->end; i += 16, a->at += 16) __builtin_prefetch(a->at, 0, 2);
}

// The pixels that a band's output sees.
static ahead input_of(const correlation *c, int64_t item, int64_t shares) {
  int64_t first = item % c->bands * c->band, last = least(first + c->band, c->rows), row = c->width * c->channels;
  int64_t from = most(first * c->stride - c->top, 0), beyond = least((last - 1) * c->stride - c->top + c->taps, c->height);
  const float *image = c->input + item / c->bands * c->height * row;
  return in_shares(image + from * row, image + most(beyond, from) * row, shares);
}

typedef struct {
  const ck_convolution *p;
  const float *source, *destination;
  float *parts;
  int64_t part_count, slices;
} weight_sums;

// Rows [first, first + count) of an image from column -left on, `wide` pixels each, with zeros beyond the edges.
static void copy_rows(const float *image, int64_t height, int64_t width, int64_t channels, int64_t first, int64_t count,
                      int64_t left, int64_t wide, float *rows) {
  // Columns [from, to) are the image's.
  int64_t from = most(-left, 0), to = most(least(wide - left, width), from);
  int64_t before = least(most(left, 0), wide), inner = to - from, after = wide - before - inner;
  for (int64_t r = first; r < first + count; r++, rows += wide * channels) {
    if (r < 0 || r >= height || inner == 0) {
      memset(rows, 0, (size_t)(wide * channels) * 4);
      continue;
    }
    memset(rows, 0, (size_t)(before * channels) * 4);
    memcpy(rows + before * channels, image + (r * width + from) * channels, (size_t)(inner * channels) * 4);
    memset(rows + (before + inner) * channels, 0, (size_t)(after * channels) * 4);
  }
}

// The pixels that a tap sees for `count` rows of an image's output from row y on, with zeros beyond the edges.
static void copy_pixels(const ck_convolution *p, const float *image, int64_t tap, int64_t tap_across, int64_t y, int64_t count,
                        float *pixels) {
  int64_t C = p->channels;
  for (int64_t r = y; r < y + count; r++) {
    int64_t row = r * p->stride_height + tap - p->pad_top;
    for (int64_t i = 0; i < p->output_width; i++, pixels += C) {
      int64_t column = i * p->stride_width + tap_across - p->pad_left;
      if (row < 0 || row >= p->height || column < 0 || column >= p->width)
        memset(pixels, 0, (size_t)C * 4);
      else
        memcpy(pixels, image + (row * p->width + column) * C, (size_t)C * 4);
    }
  }
}

#define CK_BODY "convolution_body.inc"
#include "ck_dispatch.h"

bool ck_convolution_is_own(const ck_convolution *p) {
  return ck_instruction_set_in_use() != CK_AVX512 || (ck_winograd_takes(p) && ck_is_of_amd());
}

// Parts of an image that keep all threads busy: one, unless images are few.
static int64_t wanted_parts(int64_t batch) { return up(2 * ck_thread_count(), batch); }

// Cuts the images into bands, at least so many each.
static void cut(correlation *c, int64_t parts) {
  int64_t row = seen(c) * c->channels * c->stride;
  c->band = least(c->rows, most(1, BAND / most(row, 1)));
  if (parts > 1) c->band = least(c->band, up(c->rows, parts));
  c->bands = up(c->rows, c->band);
}

// Multiplications of a band.
static int64_t work(const correlation *c) {
  return c->band * c->columns * c->features * c->taps * c->taps_across * c->channels;
}

static void run(correlation *c) {
  if (c->batch == 0) return;
  cut(c, wanted_parts(c->batch));
  ck_parallel_for(c->batch * c->bands, 1 + 300000 / most(work(c), 1), CK_DISPATCH(correlate), c);
}

// Weights in strips of sixteen features, what is missing being 0.
typedef struct {
  const float *weights;
  float *strips;
  int64_t steps, features;
} strip_copy;

static void copy_strips(void *context, int64_t begin, int64_t end) {
  const strip_copy *s = context;
  for (int64_t strip = begin; strip < end; strip++) {
    int64_t count = least(FEATURES, s->features - strip * FEATURES);
    for (int64_t l = 0; l < s->steps; l++)
      for (int64_t f = 0; f < FEATURES; f++)
        s->strips[(strip * s->steps + l) * FEATURES + f] =
            f < count ? s->weights[l * s->features + strip * FEATURES + f] : 0;
  }
}

void ck_convolution_forward(const void *parameters, void *const *operands) {
  const ck_convolution *p = parameters;
  if (ck_winograd_takes(p)) return ck_winograd_forward(p, operands);
  int64_t steps = p->kernel_height * p->kernel_width * p->channels;
  strip_copy s = {operands[1], operands[3], steps, p->features};
  ck_parallel_for(up(p->features, FEATURES), ck_grain_for(steps * FEATURES), copy_strips, &s);
  correlation c = {
      .batch = p->batch, .height = p->height, .width = p->width, .channels = p->channels,
      .rows = p->output_height, .columns = p->output_width, .features = p->features,
      .taps = p->kernel_height, .taps_across = p->kernel_width, .stride = p->stride_height,
      .stride_across = p->stride_width, .top = p->pad_top, .left = p->pad_left,
      .image_step = p->output_height * p->output_width * p->features, .row_step = p->output_width * p->features,
      .pixel_step = p->features, .input = operands[0], .strips = operands[3], .output = operands[2],
  };
  run(&c);
}

size_t ck_convolution_forward_scratch_bytes(const ck_convolution *p) {
  if (ck_winograd_takes(p)) return ck_winograd_scratch_bytes(p);
  return (size_t)(p->kernel_height * p->kernel_width * p->channels * up(p->features, FEATURES) * FEATURES) * 4;
}

// Weights of taps `first`, `first` + stride ... in reverse, channels and features exchanged, in strips of channels.
typedef struct {
  const ck_convolution *p;
  const float *weights;
  float *strips;
  int64_t first, first_across, taps, taps_across;
} turned_copy;

static void copy_turned(void *context, int64_t begin, int64_t end) {
  const turned_copy *s = context;
  const ck_convolution *p = s->p;
  for (int64_t strip = begin; strip < end; strip++) {
    int64_t count = least(FEATURES, p->channels - strip * FEATURES);
    float *to = s->strips + strip * s->taps * s->taps_across * p->features * FEATURES;
    for (int64_t t = s->taps - 1; t >= 0; t--)
      for (int64_t u = s->taps_across - 1; u >= 0; u--) {
        int64_t tap = (s->first + t * p->stride_height) * p->kernel_width + s->first_across + u * p->stride_width;
        const float *from = s->weights + (tap * p->channels + strip * FEATURES) * p->features;
        for (int64_t f = 0; f < p->features; f++, to += FEATURES)
          for (int64_t c = 0; c < FEATURES; c++) to[c] = c < count ? from[c * p->features + f] : 0;
      }
  }
}

// Correlations of the same images, whose results lie between each other, and where some results are 0, all of an image's.
typedef struct {
  correlation *parts;
  int64_t count;
  ck_task correlate;
  float *zeros;        // images, or nothing
  int64_t image_step;  // numbers of one
} interleaved;

static void correlate_images(void *context, int64_t begin, int64_t end) {
  const interleaved *set = context;
  // An image and its results stay in the second-level cache.
  for (int64_t image = begin; image < end; image++) {
    if (set->zeros) memset(set->zeros + image * set->image_step, 0, (size_t)set->image_step * 4);
    for (int64_t i = 0; i < set->count; i++) {
      correlation *c = set->parts + i;
      set->correlate(c, image * c->bands, (image + 1) * c->bands);
    }
  }
}

// Each by itself where images are few.
static void run_interleaved(interleaved set, int64_t batch) {
  if (batch == 0 || (set.count == 0 && !set.zeros)) return;
  if (wanted_parts(batch) > 1) {
    if (set.zeros) memset(set.zeros, 0, (size_t)(batch * set.image_step) * 4);
    for (int64_t i = 0; i < set.count; i++) run(set.parts + i);
    return;
  }
  int64_t each = 0;
  for (int64_t i = 0; i < set.count; i++) {
    cut(set.parts + i, 1);
    each += work(set.parts + i) * set.parts[i].bands;
  }
  int64_t grain = each > 0 ? 1 + 300000 / each : ck_grain_for(set.image_step);
  ck_parallel_for(batch, grain, correlate_images, &set);
}

// Pixels of the source that lie a stride apart see the same taps: each such set is a convolution of the gradient by itself.
void ck_convolution_data_gradient(const void *parameters, void *const *operands) {
  const ck_convolution *p = parameters;
  if (ck_winograd_takes(p)) return ck_winograd_data_gradient(p, operands);
  correlation parts[MOST_INTERLEAVED];
  interleaved set = {parts, 0, CK_DISPATCH(correlate), 0, p->height * p->width * p->channels};
  // Some pixels are seen by no tap.
  if (p->kernel_height < p->stride_height || p->kernel_width < p->stride_width) set.zeros = operands[2];
  float *strips = operands[3];
  for (int64_t y = 0; y < p->stride_height && y < p->height; y++)
    for (int64_t x = 0; x < p->stride_width && x < p->width; x++) {
      turned_copy s = {.p = p, .weights = operands[1], .strips = strips};
      s.first = (y + p->pad_top) % p->stride_height;
      s.first_across = (x + p->pad_left) % p->stride_width;
      s.taps = s.first < p->kernel_height ? up(p->kernel_height - s.first, p->stride_height) : 0;
      s.taps_across = s.first_across < p->kernel_width ? up(p->kernel_width - s.first_across, p->stride_width) : 0;
      if (s.taps == 0 || s.taps_across == 0) continue;
      int64_t steps = s.taps * s.taps_across * p->features;
      ck_parallel_for(up(p->channels, FEATURES), ck_grain_for(steps * FEATURES), copy_turned, &s);
      parts[set.count++] = (correlation){
          .batch = p->batch, .height = p->output_height, .width = p->output_width, .channels = p->features,
          .rows = up(p->height - y, p->stride_height), .columns = up(p->width - x, p->stride_width),
          .features = p->channels, .taps = s.taps, .taps_across = s.taps_across, .stride = 1, .stride_across = 1,
          .top = s.taps - 1 - (y + p->pad_top - s.first) / p->stride_height,
          .left = s.taps_across - 1 - (x + p->pad_left - s.first_across) / p->stride_width,
          .image_step = p->height * p->width * p->channels, .row_step = p->stride_height * p->width * p->channels,
          .pixel_step = p->stride_width * p->channels, .input = operands[0], .strips = strips,
          .output = (float *)operands[2] + (y * p->width + x) * p->channels,
      };
      strips += steps * up(p->channels, FEATURES) * FEATURES;
      if (set.count < MOST_INTERLEAVED) continue;
      run_interleaved(set, p->batch);
      set.count = 0;
      set.zeros = 0;
    }
  run_interleaved(set, p->batch);
}

size_t ck_convolution_data_gradient_scratch_bytes(const ck_convolution *p) {
  if (ck_winograd_takes(p)) return ck_winograd_scratch_bytes(p);
  return (size_t)(p->kernel_height * p->kernel_width * p->features * up(p->channels, FEATURES) * FEATURES) * 4;
}

static int64_t weight_count(const ck_convolution *p) {
  return p->kernel_height * p->kernel_width * p->channels * p->features;
}

// The gradients of many weights are not kept for many parts of a batch.
static int64_t part_count(const ck_convolution *p) {
  return least(p->batch, least(PARTS, most(1, PART_NUMBERS / most(1, weight_count(p)))));
}

typedef struct {
  const float *parts;
  float *sums;
  int64_t count, part_count;
} part_sums;

static void add_parts(void *context, int64_t begin, int64_t end) {
  const part_sums *s = context;
  for (int64_t i = begin; i < end; i++) s->sums[i] = s->parts[i];
  for (int64_t part = 1; part < s->part_count; part++)
    for (int64_t i = begin; i < end; i++) s->sums[i] += s->parts[part * s->count + i];
}

// Whether a tap's weights are so many that their sums would not stay near over a few pixels: they are a product of all pixels then.
static bool is_wide(const ck_convolution *p) { return p->channels * p->features >= WIDE_WEIGHTS; }

// Images whose pixels are copied for a tap at once.
static int64_t images_at_once(const ck_convolution *p) {
  return least(p->batch, most(1, COPIED / most(p->output_height * p->output_width * p->channels, 1)));
}

// The pixels that a tap sees of some images.
typedef struct {
  const ck_convolution *p;
  const float *images;
  float *pixels;
  int64_t tap, tap_across;
} tap_copy;

// Items are rows of the output.
static void copy_tap(void *context, int64_t begin, int64_t end) {
  const tap_copy *t = context;
  const ck_convolution *p = t->p;
  for (int64_t item = begin; item < end; item++) {
    const float *image = t->images + item / p->output_height * p->height * p->width * p->channels;
    float *to = t->pixels + item * p->output_width * p->channels;
    copy_pixels(p, image, t->tap, t->tap_across, item % p->output_height, 1, to);
  }
}

static void multiply_taps(const ck_convolution *p, void *const *operands) {
  int64_t outputs = p->output_height * p->output_width, size = p->channels * p->features, together = images_at_once(p);
  const float *source = operands[0], *gradient = operands[1];
  bool sees_all = p->kernel_height == 1 && p->kernel_width == 1 && p->stride_height == 1 && p->stride_width == 1 &&
                  p->output_height == p->height && p->output_width == p->width && p->pad_top == 0 && p->pad_left == 0;
  if (sees_all) together = p->batch;
  for (int64_t image = 0; image < p->batch; image += together) {
    int64_t images = least(together, p->batch - image);
    const float *from = source + image * p->height * p->width * p->channels;
    for (int64_t tap = 0; tap < p->kernel_height * p->kernel_width; tap++) {
      if (!sees_all) {
        tap_copy t = {p, from, operands[3], tap / p->kernel_width, tap % p->kernel_width};
        ck_parallel_for(images * p->output_height, ck_grain_for(p->output_width * p->channels), copy_tap, &t);
      }
      float *sums = (float *)operands[2] + tap * size;
      ck_blocked_product product = {{p->channels, p->features, images * outputs, 1, p->channels, p->features, 1, 0, image > 0}, 1, 0, 0, 0};
      void *parts[4] = {sees_all ? (void *)from : operands[3], (void *)(gradient + image * outputs * p->features), sums, sums};
      ck_blocked_product_run(&product, parts);
    }
  }
}

void ck_convolution_weight_gradient(const void *parameters, void *const *operands) {
  const ck_convolution *p = parameters;
  if (ck_winograd_takes(p)) return ck_winograd_weight_gradient(p, operands);
  if (is_wide(p) && p->batch > 0) return multiply_taps(p, operands);
  int64_t parts = part_count(p);
  if (weight_count(p) == 0) return;
  if (parts == 0) {
    memset(operands[2], 0, (size_t)weight_count(p) * 4);
    return;
  }
  int64_t slices = least(up(p->features, FEATURES), up(PARTS, parts));
  // One part needs no sum.
  weight_sums w = {p, operands[0], operands[1], parts > 1 ? operands[3] : operands[2], parts, slices};
  int64_t work = weight_count(p) / slices * p->output_height * p->output_width * up(p->batch, parts);
  ck_parallel_for(parts * slices, 1 + 300000 / most(work, 1), CK_DISPATCH(sum_weights), &w);
  if (parts == 1) return;
  part_sums s = {w.parts, operands[2], weight_count(p), parts};
  ck_parallel_for(s.count, ck_grain_for(parts), add_parts, &s);
}

size_t ck_convolution_weight_gradient_scratch_bytes(const ck_convolution *p) {
  if (ck_winograd_takes(p)) return ck_winograd_weight_gradient_scratch_bytes(p);
  if (is_wide(p)) return (size_t)(images_at_once(p) * p->output_height * p->output_width * p->channels) * 4;
  int64_t parts = part_count(p);
  return parts > 1 ? (size_t)(weight_count(p) * parts) * 4 : 0;
}
