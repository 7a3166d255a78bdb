#include "cimages.h"

#include <png.h>
#include <stdio.h>
#include <string.h>
#include <turbojpeg.h>

static int fail(char message[128], const char *reason) {
  snprintf(message, 128, "%s", reason);
  return 1;
}

static int is_png(const uint8_t *bytes, size_t count) {
  return count >= 8 && png_sig_cmp(bytes, 0, 8) == 0;
}

static int is_jpeg(const uint8_t *bytes, size_t count) {
  return count >= 3 && bytes[0] == 0xff && bytes[1] == 0xd8 && bytes[2] == 0xff;
}

// More pixels than any photograph has are an attack or a mistake; they would be unpacked before they are made smaller.
static int check(const cimages_header *header, char message[128]) {
  if (header->width <= 0 || header->height <= 0) return fail(message, "it has no pixels");
  if ((int64_t)header->width * header->height > 200 * 1000 * 1000) {
    snprintf(message, 128, "it has %d x %d pixels, more than 200 million", header->width, header->height);
    return 1;
  }
  return 0;
}

int cimages_read_header(const uint8_t *bytes, size_t count, cimages_header *header, char message[128]) {
  if (is_png(bytes, count)) {
    png_image image;
    memset(&image, 0, sizeof image);
    image.version = PNG_IMAGE_VERSION;
    if (!png_image_begin_read_from_memory(&image, bytes, count)) return fail(message, image.message);
    header->width = (int)image.width;
    header->height = (int)image.height;
    header->channels = image.format & PNG_FORMAT_FLAG_COLOR ? 3 : 1;
    png_image_free(&image);
    return check(header, message);
  }
  if (is_jpeg(bytes, count)) {
    int subsampling, colors;
    tjhandle decoder = tjInitDecompress();
    if (!decoder) return fail(message, "memory is short");
    int code = tjDecompressHeader3(
        decoder, bytes, (unsigned long)count, &header->width, &header->height, &subsampling, &colors);
    if (code) fail(message, tjGetErrorStr2(decoder));
    tjDestroy(decoder);
    if (code) return 1;
    if (colors == TJCS_CMYK || colors == TJCS_YCCK) return fail(message, "it has four colours (CMYK); make it RGB");
    header->channels = colors == TJCS_GRAY ? 1 : 3;
    return check(header, message);
  }
  return fail(message, "it is neither PNG nor JPEG");
}

static int decode_png(const uint8_t *bytes, size_t count, const cimages_header *header, uint8_t *pixels,
                      char message[128]) {
  png_image image;
  memset(&image, 0, sizeof image);
  image.version = PNG_IMAGE_VERSION;
  if (!png_image_begin_read_from_memory(&image, bytes, count)) return fail(message, image.message);
  image.flags |= PNG_IMAGE_FLAG_16BIT_sRGB;
  image.format = header->channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
  png_color white = {255, 255, 255};
  if ((int)image.width != header->width || (int)image.height != header->height ||
      !png_image_finish_read(&image, &white, pixels, header->width * header->channels, NULL)) {
    fail(message, image.message);
    png_image_free(&image);
    return 1;
  }
  return 0;
}

int cimages_decode(
    const uint8_t *bytes, size_t count, const cimages_header *header, uint8_t *pixels, char message[128]) {
  if (is_png(bytes, count)) return decode_png(bytes, count, header, pixels, message);
  tjhandle decoder = tjInitDecompress();
  if (!decoder) return fail(message, "memory is short");
  int code = tjDecompress2(
      decoder, bytes, (unsigned long)count, pixels, header->width, header->width * header->channels, header->height,
      header->channels == 1 ? TJPF_GRAY : TJPF_RGB, TJFLAG_ACCURATEDCT);
  if (code) fail(message, tjGetErrorStr2(decoder));
  tjDestroy(decoder);
  return code ? 1 : 0;
}
