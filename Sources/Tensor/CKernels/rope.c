#include "rope.h"
#include "scalar_types.h"

INLINE void rotate_typed(int type, int64_t rows, int64_t heads, int64_t head_width, int64_t turned, int interleaved,
                         float direction, const int32_t *positions, const float *cosine,
                         const float *sine, const void *x, void *y) {
    int64_t half = turned / 2;
    for (int64_t r = 0; r < rows; r++) {
        const float *cs = cosine + (int64_t)positions[r] * half;
        const float *sn = sine + (int64_t)positions[r] * half;
        for (int64_t h = 0; h < heads; h++) {
            const void *in = advanced(type, x, (r * heads + h) * head_width);
            void *out = advanced_mutable(type, y, (r * heads + h) * head_width);
            if (interleaved) {
                for (int64_t j = 0; j < half; j++) {
                    float a = load_as(type, in, 2 * j), b = load_as(type, in, 2 * j + 1), s = direction * sn[j];
                    store_as(type, out, 2 * j, a * cs[j] - b * s);
                    store_as(type, out, 2 * j + 1, a * s + b * cs[j]);
                }
            } else {
                for (int64_t j = 0; j < half; j++) {
                    float a = load_as(type, in, j), b = load_as(type, in, j + half), s = direction * sn[j];
                    store_as(type, out, j, a * cs[j] - b * s);
                    store_as(type, out, j + half, b * cs[j] + a * s);
                }
            }
            if (turned < head_width)
                memcpy(advanced_mutable(type, out, turned), advanced(type, in, turned),
                       (size_t)((head_width - turned) * size_of_type(type)));
        }
    }
}

MULTIVERSIONED
void rope_rotate(int64_t rows, int64_t heads, int64_t head_width, int64_t turned, int interleaved, float direction,
                 const int32_t *positions, const float *cosine, const float *sine, int type,
                 const void *x, void *y) {
    FOR_TYPE(type, rotate_typed, rows, heads, head_width, turned, interleaved, direction, positions, cosine, sine, x, y);
}
