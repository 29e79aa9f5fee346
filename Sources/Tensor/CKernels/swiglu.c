#include "swiglu.h"
#include "scalar_math.h"

MULTIVERSIONED
void swiglu_forward(int64_t n, int precision, const float *gate, const float *up, float *y) {
    if (precision == 0) {
        for (int64_t i = 0; i < n; i++) y[i] = gate[i] * sigmoid_f32(gate[i]) * up[i];
    } else if (precision == 1) {
        for (int64_t i = 0; i < n; i++)
            y[i] = round_bfloat16(round_bfloat16(gate[i] * sigmoid_f32(gate[i])) * up[i]);
    } else {
        for (int64_t i = 0; i < n; i++)
            y[i] = round_float16(round_float16(gate[i] * sigmoid_f32(gate[i])) * up[i]);
    }
}

INLINE void backward_one(int precision, float g, float u, float d, float *dg, float *du) {
    float s = sigmoid_f32(g);
    // d silu(g) / dg = s + g s (1 - s)
    *du = round_to(d * round_to(g * s, precision), precision);
    *dg = round_to(round_to(d * u, precision) * (s * (1.0f + g * (1.0f - s))), precision);
}

MULTIVERSIONED
void swiglu_backward(int64_t n, int precision, const float *gate, const float *up, const float *dy,
                     float *dgate, float *dup) {
    if (precision == 0) {
        for (int64_t i = 0; i < n; i++) backward_one(0, gate[i], up[i], dy[i], &dgate[i], &dup[i]);
    } else if (precision == 1) {
        for (int64_t i = 0; i < n; i++) backward_one(1, gate[i], up[i], dy[i], &dgate[i], &dup[i]);
    } else {
        for (int64_t i = 0; i < n; i++) backward_one(2, gate[i], up[i], dy[i], &dgate[i], &dup[i]);
    }
}
