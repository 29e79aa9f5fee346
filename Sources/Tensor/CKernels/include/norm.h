#ifndef NORM_H
#define NORM_H

#include <stdint.h>

// y[r] = weight * x[r] * inverse[r], inverse[r] = 1 / sqrt(mean(x[r]^2) + epsilon); rows of `width`.
void rms_norm_forward(int64_t rows, int64_t width, float epsilon, const float *x,
                      const float *weight, float *y, float *inverse);
// dx[r] (+)= inverse[r] * (weight * dy[r] - x[r] * inverse[r]^2 * mean(weight * dy[r] * x[r])).
// With `base` not null, dx = base + that; base may be dx itself.
void rms_norm_backward(int64_t rows, int64_t width, const float *x, const float *weight,
                       const float *inverse, const float *dy, const float *base, float *dx);
// dweight[c] += sum over rows of dy[r][c] * x[r][c] * inverse[r], for columns first ..< last.
void rms_norm_weight_gradient(int64_t rows, int64_t width, int64_t first, int64_t last,
                              const float *x, const float *inverse, const float *dy, float *dweight);

#endif
