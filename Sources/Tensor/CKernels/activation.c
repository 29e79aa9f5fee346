#include "activation.h"
#include "scalar_types.h"

// x sigmoid(x)
INLINE void silu(float x, float *value, float *slope) {
    float s = sigmoid_f32(x);
    *value = x * s;
    *slope = s * (1.0f + x * (1.0f - s));
}

// x P(x), where P(x) = (1 + erf(x / sqrt(2))) / 2 is the normal distribution. Its tail is Abramowitz & Stegun's 7.1.26,
// as in PyTorch's vectors, within 1e-7; taken by itself, for what is left of 1 - erf far out would be rounding.
INLINE void gelu(float x, float *value, float *slope) {
    float distance = x < 0 ? -x : x;
    float bell = exp_f32(-0.5f * x * x);
    float t = 1.0f / (1.0f + 0.3275911f * 0.70710678f * distance);
    float p = 1.061405429f;
    p = p * t - 1.453152027f;
    p = p * t + 1.421413741f;
    p = p * t - 0.284496736f;
    p = p * t + 0.254829592f;
    float tail = 0.5f * (p * t) * bell;
    float below = x < 0 ? tail : 1.0f - tail;
    *value = x * below;
    // The density is P's derivative.
    *slope = below + x * (0.39894228f * bell);
}

// x (1 + tanh(u)) / 2 = x sigmoid(2u) of u = sqrt(2 / pi) (x + 0.044715 x^3)
INLINE void tanh_gelu(float x, float *value, float *slope) {
    // Beyond, the sigmoid is 0 or 1, and the cube may be more than a float holds. NaN passes.
    float inner = x > 10.0f ? 10.0f : x;
    inner = inner < -10.0f ? -10.0f : inner;
    float s = sigmoid_f32(1.59576912f * (inner + 0.044715f * inner * inner * inner));
    *value = x * s;
    *slope = s + x * (s * (1.0f - s)) * (1.59576912f * (1.0f + 0.134145f * inner * inner));
}

INLINE void sigmoid(float x, float *value, float *slope) {
    float s = sigmoid_f32(x);
    *value = s;
    *slope = s * (1.0f - s);
}

INLINE void activate(int activation, float x, float *value, float *slope) {
    if (activation == 0) silu(x, value, slope);
    else if (activation == 1) gelu(x, value, slope);
    else if (activation == 2) tanh_gelu(x, value, slope);
    else sigmoid(x, value, slope);
}

// Calls an inlined function with type and activation as constants.
#define FOR_ACTIVATION(activation, type, function, ...)                          \
    do {                                                                         \
        if ((activation) == 0) FOR_TYPE(type, function, 0, __VA_ARGS__);         \
        else if ((activation) == 1) FOR_TYPE(type, function, 1, __VA_ARGS__);    \
        else if ((activation) == 2) FOR_TYPE(type, function, 2, __VA_ARGS__);    \
        else FOR_TYPE(type, function, 3, __VA_ARGS__);                           \
    } while (0)

INLINE void forward_typed(int type, int activation, int64_t n, const void *x, void *y) {
    for (int64_t i = 0; i < n; i++) {
        float value, slope;
        activate(activation, load_as(type, x, i), &value, &slope);
        store_as(type, y, i, value);
    }
}

MULTIVERSIONED
void activation_forward(int64_t n, int activation, int type, const void *x, void *y) {
    FOR_ACTIVATION(activation, type, forward_typed, n, x, y);
}

INLINE void backward_typed(int type, int activation, int64_t n, const void *x, const void *dy, void *dx) {
    for (int64_t i = 0; i < n; i++) {
        float value, slope;
        activate(activation, load_as(type, x, i), &value, &slope);
        store_as(type, dx, i, load_as(type, dy, i) * slope);
    }
}

MULTIVERSIONED
void activation_backward(int64_t n, int activation, int type, const void *x, const void *dy, void *dx) {
    FOR_ACTIVATION(activation, type, backward_typed, n, x, dy, dx);
}

INLINE void gated_forward_typed(int type, int activation, int64_t n, const void *gate, const void *up, void *y) {
    for (int64_t i = 0; i < n; i++) {
        float value, slope;
        activate(activation, load_as(type, gate, i), &value, &slope);
        store_as(type, y, i, round_to(value, type) * load_as(type, up, i));
    }
}

MULTIVERSIONED
void gated_forward(int64_t n, int activation, int type, const void *gate, const void *up, void *y) {
    FOR_ACTIVATION(activation, type, gated_forward_typed, n, gate, up, y);
}

INLINE void gated_backward_typed(int type, int activation, int64_t n, const void *gate, const void *up, const void *dy,
                                 void *dgate, void *dup) {
    for (int64_t i = 0; i < n; i++) {
        float u = load_as(type, up, i), d = load_as(type, dy, i);
        float value, slope;
        activate(activation, load_as(type, gate, i), &value, &slope);
        store_as(type, dup, i, d * round_to(value, type));
        store_as(type, dgate, i, round_to(d * u, type) * slope);
    }
}

MULTIVERSIONED
void gated_backward(int64_t n, int activation, int type, const void *gate, const void *up, const void *dy,
                    void *dgate, void *dup) {
    FOR_ACTIVATION(activation, type, gated_backward_typed, n, gate, up, dy, dgate, dup);
}
