#include "attention.h"
#include "scalar_math.h"

#include <math.h>

INLINE int64_t visible_keys(int64_t row, int64_t keys, int64_t first_visible) {
    int64_t visible = first_visible + row;
    return visible < keys ? visible : keys;
}

INLINE void scale_row(int64_t n, float scale, int precision, float *s) {
    // PyTorch divides by sqrt(d); for 16-bit types the quotient of the rounded score is rounded.
    if (precision == 1) {
        for (int64_t j = 0; j < n; j++) s[j] = round_bfloat16(round_bfloat16(s[j]) * scale);
    } else if (precision == 2) {
        for (int64_t j = 0; j < n; j++) s[j] = round_float16(round_float16(s[j]) * scale);
    } else {
        for (int64_t j = 0; j < n; j++) s[j] = s[j] * scale;
    }
}

MULTIVERSIONED
void causal_softmax_forward(int64_t rows, int64_t keys, int64_t first_visible, float scale,
                            int precision, float *scores, float *log_sum) {
    for (int64_t i = 0; i < rows; i++) {
        float *s = scores + i * keys;
        int64_t n = visible_keys(i, keys, first_visible);
        scale_row(n, scale, precision, s);
        float top = largest_f32(n, s);
        float sum = 0;
        {
            ANY_ORDER
            for (int64_t j = 0; j < n; j++) {
                s[j] = exp_f32(s[j] - top);
                sum += s[j];
            }
        }
        float inverse = 1.0f / sum;
        for (int64_t j = 0; j < n; j++) s[j] *= inverse;
        for (int64_t j = n; j < keys; j++) s[j] = 0;
        log_sum[i] = top + logf(sum);
    }
}

MULTIVERSIONED
void causal_softmax_again(int64_t rows, int64_t keys, int64_t first_visible, float scale,
                          int precision, float *scores, const float *log_sum) {
    for (int64_t i = 0; i < rows; i++) {
        float *s = scores + i * keys;
        int64_t n = visible_keys(i, keys, first_visible);
        scale_row(n, scale, precision, s);
        float shift = log_sum[i];
        for (int64_t j = 0; j < n; j++) s[j] = exp_f32(s[j] - shift);
        for (int64_t j = n; j < keys; j++) s[j] = 0;
    }
}

MULTIVERSIONED
void causal_softmax_backward(int64_t rows, int64_t keys, int64_t first_visible, float scale,
                             int precision, const float *probabilities, float *dp) {
    for (int64_t i = 0; i < rows; i++) {
        const float *p = probabilities + i * keys;
        float *d = dp + i * keys;
        int64_t n = visible_keys(i, keys, first_visible);
        if (precision != 0) {
            for (int64_t j = 0; j < n; j++) d[j] = round_to(d[j], precision);
        }
        float dot = 0;
        {
            ANY_ORDER
            for (int64_t j = 0; j < n; j++) dot += p[j] * d[j];
        }
        if (precision == 0) {
            for (int64_t j = 0; j < n; j++) d[j] = scale * (p[j] * (d[j] - dot));
        } else {
            for (int64_t j = 0; j < n; j++)
                d[j] = round_to(round_to(p[j] * (d[j] - dot), precision) * scale, precision);
        }
        for (int64_t j = n; j < keys; j++) d[j] = 0;
    }
}
