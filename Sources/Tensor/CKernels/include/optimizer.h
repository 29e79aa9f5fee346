#ifndef OPTIMIZER_H
#define OPTIMIZER_H

#include <stdint.h>

// One AdamW step on n values (Loshchilov & Hutter 2019, in the order of PyTorch's operations):
// p *= 1 - rate * decay; m and v are the moving means of g and g^2;
// p -= rate / correction1 * m / (sqrt(v) / sqrt_correction2 + epsilon).
void adamw_step(int64_t n, float rate, float beta1, float beta2, float epsilon, float decay,
                float correction1, float sqrt_correction2, const float *g, float *p, float *m, float *v);

#endif
