#ifndef NORM_H
#define NORM_H

#include <stdint.h>

// Types: 0 float32, 1 bfloat16, 2 float16.

// y[r] = weight * x[r] * inverse[r], inverse[r] = 1 / sqrt(mean(x[r]^2) + epsilon); rows of `width`,
// y of the type.
void rms_norm_forward(int64_t rows, int64_t width, float epsilon, const float *x,
                      const float *weight, int type, void *y, float *inverse);
// dx[r] (+)= inverse[r] * (weight * dy[r] - x[r] * inverse[r]^2 * mean(weight * dy[r] * x[r])),
// dy of the type. With `base` not null, dx = base + that; base may be dx itself.
void rms_norm_backward(int64_t rows, int64_t width, const float *x, const float *weight,
                       const float *inverse, int type, const void *dy, const float *base, float *dx);
// dweight[c] += sum over rows of dy[r][c] * x[r][c] * inverse[r], for columns first ..< last.
void rms_norm_weight_gradient(int64_t rows, int64_t width, int64_t first, int64_t last, const float *x,
                              const float *inverse, int type, const void *dy, float *dweight);

// y[r] = weight * (x[r] - mean[r]) * inverse[r] + bias, mean[r] = mean(x[r]),
// inverse[r] = 1 / sqrt(mean((x[r] - mean[r])^2) + epsilon); y of the type, bias null for none.
void layer_norm_forward(int64_t rows, int64_t width, float epsilon, const float *x, const float *weight,
                        const float *bias, int type, void *y, float *mean, float *inverse);
// With n = (x[r] - mean[r]) * inverse[r] and d = weight * dy[r]: dx[r] (+)= inverse[r] * (d - mean(d) - n * mean(d * n)),
// dy of the type. With `base` not null, dx = base + that; base may be dx itself.
void layer_norm_backward(int64_t rows, int64_t width, const float *x, const float *weight, const float *mean,
                         const float *inverse, int type, const void *dy, const float *base, float *dx);
// dweight[c] += sum over rows of dy[r][c] * (x[r][c] - mean[r]) * inverse[r], for columns first ..< last.
void layer_norm_weight_gradient(int64_t rows, int64_t width, int64_t first, int64_t last, const float *x,
                                const float *mean, const float *inverse, int type, const void *dy, float *dweight);

#endif
