#include "attention.h"
#include "scalar_types.h"

#include <math.h>

// Leaves values first ..< n of a row rounded, as bfloat16 in `packed`, or where they are, and the others 0.
INLINE void finish_row(int type, int64_t first, int64_t n, int64_t stride, float *x, uint16_t *packed) {
    if (packed) for (int64_t j = 0; j < first; j++) packed[j] = 0;
    else for (int64_t j = 0; j < first; j++) x[j] = 0;
    x += first;
    n -= first;
    stride -= first;
    if (packed) {
        packed += first;
        for (int64_t j = 0; j < n; j++) packed[j] = bfloat16_of_float(x[j]);
        for (int64_t j = n; j < stride; j++) packed[j] = 0;
    } else {
        for (int64_t j = 0; j < n; j++) x[j] = round_to(x[j], type);
        for (int64_t j = n; j < stride; j++) x[j] = 0;
    }
}

MULTIVERSIONED
void attention_soft_cap(int64_t n, float scale, float cap, float *scores, float *slopes) {
    float steepness = scale / cap;
    if (slopes)
        for (int64_t j = 0; j < n; j++) {
            float t = tanh_f32(steepness * scores[j]);
            scores[j] = cap * t;
            slopes[j] = scale * (1.0f - t * t);
        }
    else
        for (int64_t j = 0; j < n; j++) scores[j] = cap * tanh_f32(steepness * scores[j]);
}

INLINE void softmax_typed(int type, int64_t rows, int64_t stride, const int32_t *hidden,
                          const int32_t *visible, float scale, float *scores, uint16_t *packed,
                          float *log_sum) {
    for (int64_t i = 0; i < rows; i++) {
        int64_t first = hidden ? hidden[i] : 0;
        float *s = scores + i * stride + first;
        int64_t n = visible[i] - first;
        float top = scale * largest_typed(0, n, s);
        float sum = 0;
        {
            ANY_ORDER
            for (int64_t j = 0; j < n; j++) {
                s[j] = exp_f32(s[j] * scale - top);
                sum += s[j];
            }
        }
        float inverse = 1.0f / sum;
        for (int64_t j = 0; j < n; j++) s[j] *= inverse;
        finish_row(type, first, visible[i], stride, scores + i * stride, packed ? packed + i * stride : 0);
        log_sum[i] = top + logf(sum);
    }
}

MULTIVERSIONED
void attention_softmax(int64_t rows, int64_t stride, const int32_t *hidden, const int32_t *visible,
                       float scale, int type, float *scores, uint16_t *packed, float *log_sum) {
    FOR_TYPE(type, softmax_typed, rows, stride, hidden, visible, scale, scores, packed, log_sum);
}

INLINE void backward_typed(int type, int64_t rows, int64_t stride, const int32_t *hidden,
                           const int32_t *visible, float scale, const float *slopes, float *scores,
                           float *dp, const float *log_sum, uint16_t *packed, uint16_t *packed_dp) {
    for (int64_t i = 0; i < rows; i++) {
        int64_t first = hidden ? hidden[i] : 0;
        float *s = scores + i * stride + first;
        float *d = dp + i * stride + first;
        int64_t n = visible[i] - first;
        float shift = log_sum[i];
        float dot = 0;
        {
            ANY_ORDER
            for (int64_t j = 0; j < n; j++) {
                s[j] = exp_f32(s[j] * scale - shift);
                dot += s[j] * d[j];
            }
        }
        if (slopes) {
            const float *slope = slopes + i * stride + first;
            for (int64_t j = 0; j < n; j++) d[j] = slope[j] * (s[j] * (d[j] - dot));
        } else {
            for (int64_t j = 0; j < n; j++) d[j] = scale * (s[j] * (d[j] - dot));
        }
        finish_row(type, first, visible[i], stride, scores + i * stride, packed ? packed + i * stride : 0);
        finish_row(type, first, visible[i], stride, dp + i * stride, packed_dp ? packed_dp + i * stride : 0);
    }
}

MULTIVERSIONED
void attention_softmax_backward(int64_t rows, int64_t stride, const int32_t *hidden,
                                const int32_t *visible, float scale, const float *slopes, int type,
                                float *scores, float *dp, const float *log_sum, uint16_t *packed,
                                uint16_t *packed_dp) {
    FOR_TYPE(type, backward_typed, rows, stride, hidden, visible, scale, slopes, scores, dp, log_sum, packed,
             packed_dp);
}
