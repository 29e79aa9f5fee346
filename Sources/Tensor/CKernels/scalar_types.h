// Values of 32 and 16 bits, read and written as float. `type` is 0 float32, 1 bfloat16, 2 float16;
// it is a constant wherever these are inlined into a hot loop.
#ifndef SCALAR_TYPES_H
#define SCALAR_TYPES_H

#include "scalar_math.h"

INLINE float float_of_bfloat16(uint16_t u) { return from_bits((uint32_t)u << 16); }

INLINE uint16_t bfloat16_of_float(float x) { return (uint16_t)(bits_of(round_bfloat16(x)) >> 16); }

// A half's exponent is moved to a float's by one multiplication, which is right for subnormals too.
INLINE float float_of_float16(uint16_t u) {
    uint32_t magnitude = u & 0x7FFFu;
    uint32_t finite = bits_of(from_bits(magnitude << 13) * 0x1p112f);
    uint32_t special = 0x7F800000u | (magnitude & 0x3FFu) << 13;
    return from_bits((magnitude >= 0x7C00u ? special : finite) | (uint32_t)(u & 0x8000u) << 16);
}

INLINE uint16_t float16_of_float(float x) {
    uint32_t u = bits_of(round_float16(x));
    uint32_t magnitude = u & 0x7FFFFFFFu;
    uint32_t normal = (magnitude - 0x38000000u) >> 13;
    // Below 2^-14 a half counts units of 2^-24.
    float units = from_bits(magnitude < 0x38800000u ? magnitude : 0) * 0x1p24f;
    uint32_t result = magnitude < 0x38800000u ? (uint32_t)(int32_t)units : normal;
    result = magnitude >= 0x7F800000u ? (magnitude > 0x7F800000u ? 0x7E00u : 0x7C00u) : result;
    return (uint16_t)(result | (u >> 16 & 0x8000u));
}

INLINE float load_as(int type, const void *p, int64_t i) {
    return type == 0 ? ((const float *)p)[i]
         : type == 1 ? float_of_bfloat16(((const uint16_t *)p)[i])
                     : float_of_float16(((const uint16_t *)p)[i]);
}

INLINE void store_as(int type, void *p, int64_t i, float x) {
    if (type == 0) ((float *)p)[i] = x;
    else if (type == 1) ((uint16_t *)p)[i] = bfloat16_of_float(x);
    else ((uint16_t *)p)[i] = float16_of_float(x);
}

INLINE int64_t size_of_type(int type) { return type == 0 ? 4 : 2; }

// p + i values
INLINE const void *advanced(int type, const void *p, int64_t i) {
    return (const char *)p + i * size_of_type(type);
}
INLINE void *advanced_mutable(int type, void *p, int64_t i) {
    return (char *)p + i * size_of_type(type);
}

// The largest of n values (NaNs are passed over); -infinity of none. Kept in lanes, since a plain
// loop over a maximum does not vectorise without assumptions about NaN.
INLINE float largest_typed(int type, int64_t n, const void *x) {
    enum { lanes = 32 };
    float top[lanes];
    for (int l = 0; l < lanes; l++) top[l] = -__builtin_inff();
    int64_t i = 0;
    for (; i + lanes <= n; i += lanes)
        for (int l = 0; l < lanes; l++) {
            float value = load_as(type, x, i + l);
            top[l] = value > top[l] ? value : top[l];
        }
    for (; i < n; i++) {
        float value = load_as(type, x, i);
        top[0] = value > top[0] ? value : top[0];
    }
    for (int l = 1; l < lanes; l++) top[0] = top[l] > top[0] ? top[l] : top[0];
    return top[0];
}

// Calls an inlined function with the type as a constant, so that its loops vectorise.
#define FOR_TYPE(type, function, ...)                 \
    do {                                              \
        if ((type) == 0) function(0, __VA_ARGS__);    \
        else if ((type) == 1) function(1, __VA_ARGS__); \
        else function(2, __VA_ARGS__);                \
    } while (0)

#endif
