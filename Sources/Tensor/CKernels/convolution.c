#include "convolution.h"
#include "scalar_types.h"

enum { block = 512 };

INLINE void forward_typed(int type, int64_t first, int64_t last, int64_t channels, int64_t width,
                          const int32_t *predecessors, const float *taps, const float *bias, const void *x, void *y) {
    float sums[block];
    for (int64_t r = first; r < last; r++) {
        const int32_t *before = predecessors + r * (width - 1);
        for (int64_t start = 0; start < channels; start += block) {
            int64_t count = channels - start < block ? channels - start : block;
            for (int64_t k = width - 1; k >= 0; k--) {
                int64_t row = k == width - 1 ? r : before[k];
                if (row < 0) continue;
                const void *from = advanced(type, x, row * channels + start);
                const float *tap = taps + k * channels + start;
                if (k == width - 1)
                    for (int64_t c = 0; c < count; c++) sums[c] = tap[c] * load_as(type, from, c);
                else
                    for (int64_t c = 0; c < count; c++) sums[c] += tap[c] * load_as(type, from, c);
            }
            if (bias)
                for (int64_t c = 0; c < count; c++) sums[c] += bias[start + c];
            void *to = advanced_mutable(type, y, r * channels + start);
            for (int64_t c = 0; c < count; c++) store_as(type, to, c, sums[c]);
        }
    }
}

MULTIVERSIONED
void convolution_forward(int64_t first, int64_t last, int64_t channels, int64_t width, const int32_t *predecessors,
                         const float *taps, const float *bias, int type, const void *x, void *y) {
    FOR_TYPE(type, forward_typed, first, last, channels, width, predecessors, taps, bias, x, y);
}

INLINE void backward_typed(int type, int64_t rows, int64_t channels, int64_t width, int64_t first, int64_t last,
                           const int32_t *predecessors, const float *taps, const void *dy, float *dx) {
    for (int64_t r = 0; r < rows; r++) {
        const void *g = advanced(type, dy, r * channels);
        for (int64_t k = 0; k < width; k++) {
            int64_t row = k == width - 1 ? r : predecessors[r * (width - 1) + k];
            if (row < 0) continue;
            const float *tap = taps + k * channels;
            float *to = dx + row * channels;
            for (int64_t c = first; c < last; c++) to[c] += tap[c] * load_as(type, g, c);
        }
    }
}

MULTIVERSIONED
void convolution_backward(int64_t rows, int64_t channels, int64_t width, int64_t first, int64_t last,
                          const int32_t *predecessors, const float *taps, int type, const void *dy, float *dx) {
    FOR_TYPE(type, backward_typed, rows, channels, width, first, last, predecessors, taps, dy, dx);
}

INLINE void tap_gradient_typed(int type, int64_t rows, int64_t channels, int64_t width, int64_t first, int64_t last,
                               const int32_t *predecessors, const void *x, const void *dy, float *dtaps) {
    for (int64_t r = 0; r < rows; r++) {
        const void *g = advanced(type, dy, r * channels);
        for (int64_t k = 0; k < width; k++) {
            int64_t row = k == width - 1 ? r : predecessors[r * (width - 1) + k];
            if (row < 0) continue;
            const void *from = advanced(type, x, row * channels);
            float *to = dtaps + k * channels;
            for (int64_t c = first; c < last; c++) to[c] += load_as(type, g, c) * load_as(type, from, c);
        }
    }
}

MULTIVERSIONED
void convolution_tap_gradient(int64_t rows, int64_t channels, int64_t width, int64_t first, int64_t last,
                              const int32_t *predecessors, int type, const void *x, const void *dy, float *dtaps) {
    FOR_TYPE(type, tap_gradient_typed, rows, channels, width, first, last, predecessors, x, dy, dtaps);
}
