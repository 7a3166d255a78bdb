// Elementary functions in float32 without branches, so that loops over them vectorise. Errors are below 3 units in the
// last place on normal numbers (erf: 8); infinities, NaN, overflow and underflow come out right.
#ifndef CK_VECTOR_MATH_H
#define CK_VECTOR_MATH_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#define CK_INLINE static inline __attribute__((always_inline, unused))

CK_INLINE float ck_float_of_bits(int32_t bits) {
  float value;
  memcpy(&value, &bits, 4);
  return value;
}

CK_INLINE int32_t ck_bits_of_float(float value) {
  int32_t bits;
  memcpy(&bits, &value, 4);
  return bits;
}

// exp(r) of what is left of x, |r| <= ln(2)/2, when n = round(x / ln(2)) powers of two are taken out; `shifted` holds n + bias in
// its lowest bits, and nothing in the eight above them. T is float, or a vector of such.
#define CK_EXP_OF_REST(T, x, bias, shifted)          \
  ({                                                 \
    const float magic_ = 12582912.0f + (bias);       \
    T x_ = (x);                                      \
    (shifted) = x_ * 1.44269504088896341f + magic_;  \
    T whole_ = (shifted) - magic_;                   \
    T r_ = x_ - whole_ * 0.693145751953125f;         \
    r_ -= whole_ * 1.42860682030941723212e-6f;       \
    T p_ = r_ * 1.9875691500e-4f + 1.3981999507e-3f; \
    p_ = p_ * r_ + 8.3334519073e-3f;                 \
    p_ = p_ * r_ + 4.1665795894e-2f;                 \
    p_ = p_ * r_ + 1.6666665459e-1f;                 \
    p_ = p_ * r_ + 5.0000001201e-1f;                 \
    p_ * r_ * r_ + r_ + 1.0f;                        \
  })

// The power of two is applied in two factors, so that results may be subnormal: n + 254 are the exponents of both as numbers have them.
CK_INLINE float ck_expf(float x) {
  float clamped = x < -104.0f ? -104.0f : x, shifted;
  clamped = clamped > 89.0f ? 89.0f : clamped;
  float p = CK_EXP_OF_REST(float, clamped, 254, shifted);
  uint32_t both = (uint32_t)ck_bits_of_float(shifted), half = both >> 1;
  float low = ck_float_of_bits((int32_t)(half << 23)), high = ck_float_of_bits((int32_t)((both - half) << 23));
  return p * low * high;
}

// exp(x) for x that is not positive but by rounding; below -87 the result is 2^-126 and not smaller. Two thirds of the work of
// `ck_expf`.
CK_INLINE float ck_exp_below_zero(float x) {
  float shifted, p = CK_EXP_OF_REST(float, x < -87.0f ? -87.0f : x, 127, shifted);
  // A factor, so that what is no number stays so.
  return p * ck_float_of_bits((int32_t)((uint32_t)ck_bits_of_float(shifted) << 23));
}

CK_INLINE float ck_logf(float x) {
  int tiny = x < 1.17549435e-38f;
  float scaled = tiny ? x * 33554432.0f : x;
  int32_t bits = ck_bits_of_float(scaled);
  int32_t shifted = (int32_t)((uint32_t)bits - 0x3f3504f3u);  // sqrt(1/2)
  int32_t exponent = shifted >> 23;
  float m = ck_float_of_bits((int32_t)((uint32_t)bits - ((uint32_t)exponent << 23))) - 1.0f;
  float e = (float)(exponent - (tiny ? 25 : 0));
  float z = m * m;
  float p = 7.0376836292e-2f;
  p = p * m - 1.1514610310e-1f;
  p = p * m + 1.1676998740e-1f;
  p = p * m - 1.2420140846e-1f;
  p = p * m + 1.4249322787e-1f;
  p = p * m - 1.6668057665e-1f;
  p = p * m + 2.0000714765e-1f;
  p = p * m - 2.4999993993e-1f;
  p = p * m + 3.3333331174e-1f;
  float y = m * z * p + e * -2.12194440e-4f - 0.5f * z;
  float result = m + y + e * 0.693359375f;
  result = x == 0.0f ? -INFINITY : result;
  result = x < 0.0f ? NAN : result;
  return x == INFINITY || x != x ? x : result;
}

CK_INLINE float ck_tanhf(float x) {
  float a = fabsf(x);
  float z = x * x;
  float p = -5.70498872745e-3f;
  p = p * z + 2.06390887954e-2f;
  p = p * z - 5.37397155531e-2f;
  p = p * z + 1.33314422036e-1f;
  p = p * z - 3.33332819422e-1f;
  float small = p * z * x + x;
  float large = 1.0f - 2.0f / (ck_expf(2.0f * a) + 1.0f);
  large = x < 0 ? -large : large;
  return a < 0.625f ? small : (x != x ? x : large);
}

CK_INLINE float ck_sigmoidf(float x) { return 1.0f / (1.0f + ck_expf(-x)); }

// A rational function of x^2 on [-4, 4], outside of which erf is 1 in float32.
CK_INLINE float ck_erff(float x) {
  float c = x < -4.0f ? -4.0f : x;
  c = c > 4.0f ? 4.0f : c;
  float z = c * c;
  float p = -2.72614225801306e-10f;
  p = p * z + 2.77068142495902e-08f;
  p = p * z - 2.10102402082508e-06f;
  p = p * z - 5.69250639462346e-05f;
  p = p * z - 7.34990630326855e-04f;
  p = p * z - 2.95459980854025e-03f;
  p = p * z - 1.60960333262415e-02f;
  float q = -1.45660718464996e-05f;
  q = q * z - 2.13374055278905e-04f;
  q = q * z - 1.68282697438203e-03f;
  q = q * z - 7.37332916720468e-03f;
  q = q * z - 1.42647390514189e-02f;
  return c * p / q;
}

// The standard normal distribution function Phi, x Phi(x) and its derivative Phi(x) + x phi(x). Nothing is contracted, so that
// GELU and its slope have the same bits computed together and apart.
#pragma clang fp contract(off)
CK_INLINE float ck_phif(float x) { return 0.5f * (1.0f + ck_erff(x * 0.707106781f)); }
CK_INLINE float ck_gelu_fromf(float x, float phi) { return x * phi; }
// Far out the slope is Phi(x): `ck_exp_below_zero` does not fall below 2^-126, which a large x would make much of, and 0 times infinity
// is no number.
CK_INLINE float ck_gelu_slope_fromf(float x, float phi) {
  float c = x < -14.0f ? -14.0f : x;
  c = c > 14.0f ? 14.0f : c;
  return phi + c * (0.398942280f * ck_exp_below_zero(-0.5f * c * c));
}
CK_INLINE double ck_phi(double x) { return 0.5 * (1 + erf(x * 0.70710678118654752)); }
CK_INLINE double ck_gelu_from(double x, double phi) { return x * phi; }
CK_INLINE double ck_gelu_slope_from(double x, double phi) {
  double c = x < -40 ? -40 : x;
  c = c > 40 ? 40 : c;
  return phi + c * (0.39894228040143268 * exp(-0.5 * c * c));
}
#pragma clang fp contract(on)

#endif
