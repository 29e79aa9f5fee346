#include "elementwise.h"
#include "scalar_math.h"

MULTIVERSIONED
void add_f32(int64_t n, const float *a, const float *b, float *y) {
    for (int64_t i = 0; i < n; i++) y[i] = a[i] + b[i];
}

MULTIVERSIONED
void accumulate_f32(int64_t n, float s, const float *x, float *y) {
    for (int64_t i = 0; i < n; i++) y[i] += s * x[i];
}

MULTIVERSIONED
void scale_f32(int64_t n, float s, const float *x, float *y) {
    for (int64_t i = 0; i < n; i++) y[i] = s * x[i];
}

MULTIVERSIONED
void round_f32(int64_t n, int precision, const float *x, float *y) {
    if (precision == 1) {
        for (int64_t i = 0; i < n; i++) y[i] = round_bfloat16(x[i]);
    } else if (precision == 2) {
        for (int64_t i = 0; i < n; i++) y[i] = round_float16(x[i]);
    } else if (x != y) {
        memcpy(y, x, (size_t)n * sizeof(float));
    }
}

MULTIVERSIONED
void accumulate_rounded_f32(int64_t n, int precision, float s, const float *x, float *y) {
    if (precision == 1) {
        for (int64_t i = 0; i < n; i++) y[i] = round_bfloat16(y[i] + round_bfloat16(s * x[i]));
    } else {
        for (int64_t i = 0; i < n; i++)
            y[i] = round_to(y[i] + round_to(s * x[i], precision), precision);
    }
}

MULTIVERSIONED
double sum_of_squares_f32(int64_t n, const float *x) {
    ANY_ORDER
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += (double)x[i] * (double)x[i];
    return sum;
}
