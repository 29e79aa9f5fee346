#ifndef SWIGLU_H
#define SWIGLU_H

#include <stdint.h>

// All arrays are of the type: 0 float32, 1 bfloat16, 2 float16.

// y = round(silu(gate)) * up
void swiglu_forward(int64_t n, int type, const void *gate, const void *up, void *y);
// dgate and dup from dy, each rounded as the forward is. dgate and dup may be gate and up.
void swiglu_backward(int64_t n, int type, const void *gate, const void *up, const void *dy,
                     void *dgate, void *dup);

#endif
