#include "norm.h"
#include "scalar_types.h"

#include <math.h>

INLINE void forward_typed(int type, int64_t rows, int64_t width, float epsilon, const float *x,
                          const float *weight, void *y, float *inverse) {
    for (int64_t r = 0; r < rows; r++) {
        const float *in = x + r * width;
        void *out = advanced_mutable(type, y, r * width);
        float sum = 0;
        {
            ANY_ORDER
            for (int64_t c = 0; c < width; c++) sum += in[c] * in[c];
        }
        float inv = 1.0f / sqrtf(sum / (float)width + epsilon);
        inverse[r] = inv;
        for (int64_t c = 0; c < width; c++) store_as(type, out, c, weight[c] * (in[c] * inv));
    }
}

MULTIVERSIONED
void rms_norm_forward(int64_t rows, int64_t width, float epsilon, const float *x,
                      const float *weight, int type, void *y, float *inverse) {
    FOR_TYPE(type, forward_typed, rows, width, epsilon, x, weight, y, inverse);
}

INLINE void backward_typed(int type, int64_t rows, int64_t width, const float *x, const float *weight,
                           const float *inverse, const void *dy, const float *base, float *dx) {
    for (int64_t r = 0; r < rows; r++) {
        const float *in = x + r * width;
        const void *g = advanced(type, dy, r * width);
        float *out = dx + r * width;
        float inv = inverse[r];
        float dot = 0;
        {
            ANY_ORDER
            for (int64_t c = 0; c < width; c++) dot += weight[c] * load_as(type, g, c) * in[c];
        }
        float pull = dot * inv * inv / (float)width;
        if (base) {
            const float *b = base + r * width;
            for (int64_t c = 0; c < width; c++)
                out[c] = b[c] + inv * (weight[c] * load_as(type, g, c) - in[c] * pull);
        } else {
            for (int64_t c = 0; c < width; c++)
                out[c] = inv * (weight[c] * load_as(type, g, c) - in[c] * pull);
        }
    }
}

MULTIVERSIONED
void rms_norm_backward(int64_t rows, int64_t width, const float *x, const float *weight,
                       const float *inverse, int type, const void *dy, const float *base, float *dx) {
    FOR_TYPE(type, backward_typed, rows, width, x, weight, inverse, dy, base, dx);
}

MULTIVERSIONED
void rms_norm_weight_gradient(int64_t rows, int64_t width, int64_t first, int64_t last, const float *x,
                              const float *inverse, int type, const void *dy, float *dweight) {
    for (int64_t r = 0; r < rows; r++) {
        const float *in = x + r * width;
        const void *g = advanced(type, dy, r * width);
        float inv = inverse[r];
        for (int64_t c = first; c < last; c++) dweight[c] += load_as(type, g, c) * in[c] * inv;
    }
}
