#ifndef CONVOLUTION_H
#define CONVOLUTION_H

#include <stdint.h>

// Convolutions of each channel with its own `width` taps, over rows of `channels` values of the type (0 float32,
// 1 bfloat16, 2 float16). `taps` is [width, channels]; the last tap reads a row itself, tap k before it row
// predecessors[r][k] of all, which are width - 1 a row, and nothing where that is negative.

// y[r] = taps[width - 1] * x[r] + sum over k < width - 1 of taps[k] * x[predecessors[r][k]] + bias, for rows first ..< last
// of x and y. `bias` is null or has a value a channel.
void convolution_forward(int64_t first, int64_t last, int64_t channels, int64_t width, const int32_t *predecessors,
                         const float *taps, const float *bias, int type, const void *x, void *y);
// dx[row that tap k of row r reads] += taps[k] * dy[r], for columns first ..< last.
void convolution_backward(int64_t rows, int64_t channels, int64_t width, int64_t first, int64_t last,
                          const int32_t *predecessors, const float *taps, int type, const void *dy, float *dx);
// dtaps[k] += sum over rows r of dy[r] * x[row that tap k of row r reads], for columns first ..< last.
void convolution_tap_gradient(int64_t rows, int64_t channels, int64_t width, int64_t first, int64_t last,
                              const int32_t *predecessors, int type, const void *x, const void *dy, float *dtaps);

#endif
