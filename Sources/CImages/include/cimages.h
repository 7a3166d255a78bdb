// Decoding of PNG and JPEG from memory. libpng's simplified interface and TurboJPEG return errors: no longjmp crosses Swift.
#ifndef CIMAGES_H
#define CIMAGES_H
#include <stddef.h>
#include <stdint.h>

typedef struct {
  int width;
  int height;
  /// 1 for grey, 3 for colours.
  int channels;
} cimages_header;

/// Extents and colours of an image. 0, or 1 with the reason in `message`.
int cimages_read_header(const uint8_t *bytes, size_t count, cimages_header *header, char message[128]);

/// height x width x channels bytes, row by row; what is transparent stands on white. 0, or 1 with the reason.
int cimages_decode(
    const uint8_t *bytes, size_t count, const cimages_header *header, uint8_t *pixels, char message[128]);
#endif
