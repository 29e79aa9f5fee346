#include "cross_entropy.h"
#include "scalar_math.h"

#include <math.h>

MULTIVERSIONED
void cross_entropy_forward(int64_t rows, int64_t width, const int32_t *targets,
                           const float *logits, float *losses) {
    for (int64_t r = 0; r < rows; r++) {
        const float *x = logits + r * width;
        float top = largest_f32(width, x);
        float sum = 0;
        {
            ANY_ORDER
            for (int64_t j = 0; j < width; j++) sum += exp_f32(x[j] - top);
        }
        losses[r] = logf(sum) - (x[targets[r]] - top);
    }
}

MULTIVERSIONED
void cross_entropy_with_gradient(int64_t rows, int64_t width, int precision, float scale,
                                 const int32_t *targets, float *logits, float *losses) {
    for (int64_t r = 0; r < rows; r++) {
        float *x = logits + r * width;
        float top = largest_f32(width, x);
        float at_target = x[targets[r]] - top;
        float sum = 0;
        {
            ANY_ORDER
            for (int64_t j = 0; j < width; j++) {
                x[j] = exp_f32(x[j] - top);
                sum += x[j];
            }
        }
        losses[r] = logf(sum) - at_target;
        float factor = scale / sum;
        for (int64_t j = 0; j < width; j++) x[j] *= factor;
        x[targets[r]] -= scale;
        if (precision == 1) {
            for (int64_t j = 0; j < width; j++) x[j] = round_bfloat16(x[j]);
        } else if (precision == 2) {
            for (int64_t j = 0; j < width; j++) x[j] = round_float16(x[j]);
        }
    }
}
