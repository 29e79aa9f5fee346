#ifndef SOFT_CAP_H
#define SOFT_CAP_H

#include <stdint.h>

// All arrays are of the type: 0 float32, 1 bfloat16, 2 float16.

// y = cap * tanh(x / cap)
void soft_cap_forward(int64_t n, float cap, int type, const void *x, void *y);
// dx = dy * (1 - tanh(x / cap)^2)
void soft_cap_backward(int64_t n, float cap, int type, const void *x, const void *dy, void *dx);

#endif
