#ifndef ELEMENTWISE_H
#define ELEMENTWISE_H

#include <stdint.h>

// Types: 0 float32, 1 bfloat16, 2 float16.

// y = a + b, where b is of the type and a and y are float32.
void add_f32(int64_t n, const float *a, int type, const void *b, float *y);
// y += s * x, where x is of the type.
void accumulate_f32(int64_t n, float s, int type, const void *x, float *y);
// y = s * x, both of the type.
void scale_values(int64_t n, int type, float s, const void *x, void *y);
// y = a * b, all of the type.
void multiply_values(int64_t n, int type, const void *a, const void *b, void *y);
// y = x, rounded where y's type is the narrower one.
void convert_values(int64_t n, int from, const void *x, int to, void *y);
// The place of the first value that is NaN or of a magnitude of `limit` or more, where the limit is not negative; n if
// all are smaller.
int64_t first_beyond(int64_t n, float limit, int type, const void *x);
// Rows of floats, `stride` apart, written to rows of the type: y = x, or y += x where accumulating.
void store_rows(int64_t rows, int64_t width, const float *x, int64_t stride, int accumulate, int type,
                void *y, int64_t y_stride);
// y = x rounded to the type's grid and kept as float32.
void round_f32(int64_t n, int type, const float *x, float *y);
// The sum of squares, in double precision.
double sum_of_squares_f32(int64_t n, const float *x);

#endif
