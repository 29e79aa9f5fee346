#ifndef SWIGLU_H
#define SWIGLU_H

#include <stdint.h>

// y = round(silu(gate)) * up, rounded to the precision (0 float32, 1 bfloat16, 2 float16).
void swiglu_forward(int64_t n, int precision, const float *gate, const float *up, float *y);
// dgate and dup from dy, each rounded as the forward is.
void swiglu_backward(int64_t n, int precision, const float *gate, const float *up, const float *dy,
                     float *dgate, float *dup);

#endif
