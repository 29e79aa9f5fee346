#include "rope.h"
#include "multiversion.h"

MULTIVERSIONED
void rope_f32(int64_t rows, int64_t heads, int64_t head_width, int interleaved, float direction,
              const int32_t *positions, const float *cosine, const float *sine,
              const float *x, float *y) {
    int64_t half = head_width / 2;
    for (int64_t r = 0; r < rows; r++) {
        const float *cs = cosine + (int64_t)positions[r] * half;
        const float *sn = sine + (int64_t)positions[r] * half;
        for (int64_t h = 0; h < heads; h++) {
            const float *in = x + (r * heads + h) * head_width;
            float *out = y + (r * heads + h) * head_width;
            if (interleaved) {
                for (int64_t j = 0; j < half; j++) {
                    float a = in[2 * j], b = in[2 * j + 1], s = direction * sn[j];
                    out[2 * j] = a * cs[j] - b * s;
                    out[2 * j + 1] = a * s + b * cs[j];
                }
            } else {
                for (int64_t j = 0; j < half; j++) {
                    float a = in[j], b = in[j + half], s = direction * sn[j];
                    out[j] = a * cs[j] - b * s;
                    out[j + half] = b * cs[j] + a * s;
                }
            }
        }
    }
}
