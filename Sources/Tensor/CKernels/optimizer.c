#include "optimizer.h"
#include "multiversion.h"

MULTIVERSIONED
void adamw_step(int64_t n, float keep, float step, float rest1, float beta2, float rest2, float epsilon,
                float sqrt_correction2, const float *restrict g, float *restrict p, float *restrict m,
                float *restrict v) {
    for (int64_t i = 0; i < n; i++) {
        // As torch.lerp: from the nearer end, which a weight of 1 gives as it is.
        float mean = rest1 < 0.5f ? m[i] + rest1 * (g[i] - m[i]) : g[i] - (g[i] - m[i]) * (1 - rest1);
        float square = beta2 * v[i] + rest2 * g[i] * g[i];
        m[i] = mean;
        v[i] = square;
        p[i] = p[i] * keep - step * (mean / (__builtin_elementwise_sqrt(square) / sqrt_correction2 + epsilon));
    }
}
