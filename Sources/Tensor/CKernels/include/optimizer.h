#ifndef OPTIMIZER_H
#define OPTIMIZER_H

#include <stdint.h>

// One AdamW step on n values (Loshchilov & Hutter 2019, in the order of PyTorch's operations):
// p *= keep; m and v are the moving means of g and g^2, of which rest1 and rest2 = 1 - beta2 are replaced;
// p -= step * m / (sqrt(v) / sqrt_correction2 + epsilon).
void adamw_step(int64_t n, float keep, float step, float rest1, float beta2, float rest2, float epsilon,
                float sqrt_correction2, const float *g, float *p, float *m, float *v);

#endif
