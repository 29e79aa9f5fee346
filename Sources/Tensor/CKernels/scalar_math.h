// Scalar functions without branches or calls, so that loops over them vectorise.
#ifndef SCALAR_MATH_H
#define SCALAR_MATH_H

#include "multiversion.h"
#include <stdint.h>
#include <string.h>

INLINE uint32_t bits_of(float x) {
    uint32_t u;
    memcpy(&u, &x, 4);
    return u;
}

INLINE float from_bits(uint32_t u) {
    float x;
    memcpy(&x, &u, 4);
    return x;
}

// e^x to about 2 units in the last place: 2^n times a polynomial in the remainder
// (the coefficients of Cephes' expf). Saturates at the ends of the normal range;
// -infinity gives 0 to within 1.2e-38, NaN stays NaN.
INLINE float exp_f32(float x) {
    float limited = x > 88.3762626647950f ? 88.3762626647950f : x;
    limited = limited < -87.3365447504019f ? -87.3365447504019f : limited;
    // The lowest bits of this sum are n: NaN, which has no integer, passes too.
    float shifted = limited * 1.44269504088896341f + 12582912.0f;
    float n = shifted - 12582912.0f;
    float r = limited - n * 0.693359375f;
    r = r - n * -2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * (r * r) + r + 1.0f;
    float scale = from_bits((bits_of(shifted) + 127u) << 23);
    float y = p * scale;
    return x != x ? x : y;
}

// tanh x to about 2 units in the last place: near 0 a polynomial (the coefficients of Cephes' tanhf), where
// 1 - 2 / (e^2x + 1) would lose digits. NaN stays NaN.
INLINE float tanh_f32(float x) {
    float magnitude = x < 0 ? -x : x;
    float z = x * x;
    float p = -5.70498872745e-3f;
    p = p * z + 2.06390887954e-2f;
    p = p * z - 5.37397155531e-2f;
    p = p * z + 1.33314422036e-1f;
    p = p * z - 3.33332819422e-1f;
    float near = p * z * x + x;
    float far = 1.0f - 2.0f / (exp_f32(2.0f * magnitude) + 1.0f);
    return magnitude < 0.625f ? near : x < 0 ? -far : far;
}

INLINE float sigmoid_f32(float x) { return 1.0f / (1.0f + exp_f32(-x)); }

// Rounds to bfloat16 (8 bits of mantissa), to nearest, ties to even; NaN stays NaN, by its upper half alone.
INLINE float round_bfloat16(float x) {
    uint32_t u = bits_of(x);
    uint32_t rounded = (u + 0x7FFFu + ((u >> 16) & 1u)) & 0xFFFF0000u;
    return from_bits(x != x ? u | 0x400000u : rounded);
}

// Rounds to IEEE half precision, to nearest, ties to even: subnormals below 2^-14, infinity
// from 65520 on; NaN stays NaN.
INLINE float round_float16(float x) {
    uint32_t u = bits_of(x);
    uint32_t sign = u & 0x80000000u;
    uint32_t magnitude = u & 0x7FFFFFFFu;
    uint32_t normal = (magnitude + 0xFFFu + ((magnitude >> 13) & 1u)) & 0xFFFFE000u;
    // Adding 0.5 leaves 24 bits after the point, the spacing of half's subnormals.
    float subnormal = (from_bits(magnitude) + 0.5f) - 0.5f;
    uint32_t result = magnitude < 0x38800000u ? bits_of(subnormal) : normal;
    result = result >= 0x47800000u ? 0x7F800000u : result;
    return x != x ? x : from_bits(result | sign);
}

// precision: 0 float32 (as it is), 1 bfloat16, 2 float16.
INLINE float round_to(float x, int precision) {
    return precision == 1 ? round_bfloat16(x) : precision == 2 ? round_float16(x) : x;
}

// cap * tanh(x / cap), and its derivative 1 - tanh^2.
INLINE void soft_cap_f32(float x, float cap, float *value, float *slope) {
    float t = tanh_f32(x / cap);
    *value = cap * t;
    *slope = 1.0f - t * t;
}

#endif
