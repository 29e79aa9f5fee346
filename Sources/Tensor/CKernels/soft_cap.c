#include "soft_cap.h"
#include "scalar_types.h"

INLINE void forward_typed(int type, int64_t n, float cap, const void *x, void *y) {
    for (int64_t i = 0; i < n; i++) {
        float value, slope;
        soft_cap_f32(load_as(type, x, i), cap, &value, &slope);
        store_as(type, y, i, value);
    }
}

MULTIVERSIONED
void soft_cap_forward(int64_t n, float cap, int type, const void *x, void *y) {
    FOR_TYPE(type, forward_typed, n, cap, x, y);
}

INLINE void backward_typed(int type, int64_t n, float cap, const void *x, const void *dy, void *dx) {
    for (int64_t i = 0; i < n; i++) {
        float value, slope;
        soft_cap_f32(load_as(type, x, i), cap, &value, &slope);
        store_as(type, dx, i, load_as(type, dy, i) * slope);
    }
}

MULTIVERSIONED
void soft_cap_backward(int64_t n, float cap, int type, const void *x, const void *dy, void *dx) {
    FOR_TYPE(type, backward_typed, n, cap, x, dy, dx);
}
