#include "swiglu.h"
#include "scalar_types.h"

INLINE void forward_typed(int type, int64_t n, const void *gate, const void *up, void *y) {
    for (int64_t i = 0; i < n; i++) {
        float g = load_as(type, gate, i);
        store_as(type, y, i, round_to(g * sigmoid_f32(g), type) * load_as(type, up, i));
    }
}

MULTIVERSIONED
void swiglu_forward(int64_t n, int type, const void *gate, const void *up, void *y) {
    FOR_TYPE(type, forward_typed, n, gate, up, y);
}

INLINE void backward_typed(int type, int64_t n, const void *gate, const void *up, const void *dy,
                           void *dgate, void *dup) {
    for (int64_t i = 0; i < n; i++) {
        float g = load_as(type, gate, i), u = load_as(type, up, i), d = load_as(type, dy, i);
        float s = sigmoid_f32(g);
        // d silu(g) / dg = s + g s (1 - s)
        store_as(type, dup, i, d * round_to(g * s, type));
        store_as(type, dgate, i, round_to(d * u, type) * (s * (1.0f + g * (1.0f - s))));
    }
}

MULTIVERSIONED
void swiglu_backward(int64_t n, int type, const void *gate, const void *up, const void *dy,
                     void *dgate, void *dup) {
    FOR_TYPE(type, backward_typed, n, gate, up, dy, dgate, dup);
}
