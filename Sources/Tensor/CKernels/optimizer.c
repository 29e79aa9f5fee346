#include "optimizer.h"
#include "multiversion.h"

MULTIVERSIONED
void adamw_step(int64_t n, float rate, float beta1, float beta2, float epsilon, float decay,
                float correction1, float sqrt_correction2, const float *restrict g, float *restrict p,
                float *restrict m, float *restrict v) {
    float keep = 1.0f - rate * decay;
    float step = rate / correction1;
    for (int64_t i = 0; i < n; i++) {
        float mean = m[i] + (1.0f - beta1) * (g[i] - m[i]);
        float square = beta2 * v[i] + (1.0f - beta2) * g[i] * g[i];
        m[i] = mean;
        v[i] = square;
        p[i] = p[i] * keep - step * (mean / (__builtin_elementwise_sqrt(square) / sqrt_correction2 + epsilon));
    }
}
