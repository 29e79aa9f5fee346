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

INLINE void layer_forward_typed(int type, int64_t rows, int64_t width, float epsilon, const float *x,
                                const float *weight, const float *bias, void *y, float *mean, float *inverse) {
    for (int64_t r = 0; r < rows; r++) {
        const float *in = x + r * width;
        void *out = advanced_mutable(type, y, r * width);
        float sum = 0, squares = 0;
        {
            ANY_ORDER
            for (int64_t c = 0; c < width; c++) sum += in[c];
        }
        float middle = sum / (float)width;
        {
            ANY_ORDER
            for (int64_t c = 0; c < width; c++) squares += (in[c] - middle) * (in[c] - middle);
        }
        float inv = 1.0f / sqrtf(squares / (float)width + epsilon);
        mean[r] = middle;
        inverse[r] = inv;
        if (bias)
            for (int64_t c = 0; c < width; c++) store_as(type, out, c, weight[c] * ((in[c] - middle) * inv) + bias[c]);
        else
            for (int64_t c = 0; c < width; c++) store_as(type, out, c, weight[c] * ((in[c] - middle) * inv));
    }
}

MULTIVERSIONED
void layer_norm_forward(int64_t rows, int64_t width, float epsilon, const float *x, const float *weight,
                        const float *bias, int type, void *y, float *mean, float *inverse) {
    FOR_TYPE(type, layer_forward_typed, rows, width, epsilon, x, weight, bias, y, mean, inverse);
}

INLINE void layer_backward_typed(int type, int64_t rows, int64_t width, const float *x, const float *weight,
                                 const float *mean, const float *inverse, const void *dy, const float *base, float *dx) {
    for (int64_t r = 0; r < rows; r++) {
        const float *in = x + r * width;
        const void *g = advanced(type, dy, r * width);
        float *out = dx + r * width;
        float middle = mean[r], inv = inverse[r];
        float sum = 0, dot = 0;
        {
            ANY_ORDER
            for (int64_t c = 0; c < width; c++) {
                float d = weight[c] * load_as(type, g, c);
                sum += d;
                dot += d * (in[c] - middle);
            }
        }
        float shift = sum / (float)width, pull = dot * inv * inv / (float)width;
        // What is summed and what the mean is taken from are rounded alike, or where all are equal a rest would be left,
        // which a row without variance makes hundreds of times as large.
        if (base) {
            const float *b = base + r * width;
            for (int64_t c = 0; c < width; c++) {
                float d = weight[c] * load_as(type, g, c);
                out[c] = b[c] + inv * (d - shift - (in[c] - middle) * pull);
            }
        } else {
            for (int64_t c = 0; c < width; c++) {
                float d = weight[c] * load_as(type, g, c);
                out[c] = inv * (d - shift - (in[c] - middle) * pull);
            }
        }
    }
}

MULTIVERSIONED
void layer_norm_backward(int64_t rows, int64_t width, const float *x, const float *weight, const float *mean,
                         const float *inverse, int type, const void *dy, const float *base, float *dx) {
    FOR_TYPE(type, layer_backward_typed, rows, width, x, weight, mean, inverse, dy, base, dx);
}

MULTIVERSIONED
void layer_norm_weight_gradient(int64_t rows, int64_t width, int64_t first, int64_t last, const float *x,
                                const float *mean, const float *inverse, int type, const void *dy, float *dweight) {
    for (int64_t r = 0; r < rows; r++) {
        const float *in = x + r * width;
        const void *g = advanced(type, dy, r * width);
        float middle = mean[r], inv = inverse[r];
        for (int64_t c = first; c < last; c++) dweight[c] += load_as(type, g, c) * ((in[c] - middle) * inv);
    }
}
