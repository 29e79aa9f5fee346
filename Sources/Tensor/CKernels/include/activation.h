#ifndef ACTIVATION_H
#define ACTIVATION_H

#include <stdint.h>

// All arrays are of the type: 0 float32, 1 bfloat16, 2 float16. Activations f: 0 SiLU, 1 GELU, 2 GELU by tanh, 3 sigmoid.

// y = f(x)
void activation_forward(int64_t n, int activation, int type, const void *x, void *y);
// dx = dy * f'(x). dx may be x.
void activation_backward(int64_t n, int activation, int type, const void *x, const void *dy, void *dx);
// y = round(f(gate)) * up
void gated_forward(int64_t n, int activation, int type, const void *gate, const void *up, void *y);
// dgate and dup from dy, each rounded as the forward is. dgate and dup may be gate and up.
void gated_backward(int64_t n, int activation, int type, const void *gate, const void *up, const void *dy,
                    void *dgate, void *dup);

#endif
