#ifndef ELEMENTWISE_H
#define ELEMENTWISE_H

#include <stdint.h>

// y = a + b
void add_f32(int64_t n, const float *a, const float *b, float *y);
// y += s * x
void accumulate_f32(int64_t n, float s, const float *x, float *y);
// y = s * x
void scale_f32(int64_t n, float s, const float *x, float *y);
// y = x rounded to the precision: 1 bfloat16, 2 float16, 0 a copy
void round_f32(int64_t n, int precision, const float *x, float *y);
// y = round(y + round(s * x)), both in the precision
void accumulate_rounded_f32(int64_t n, int precision, float s, const float *x, float *y);
// The sum of squares, in double precision.
double sum_of_squares_f32(int64_t n, const float *x);

#endif
