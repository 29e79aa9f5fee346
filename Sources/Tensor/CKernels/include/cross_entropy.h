#ifndef CROSS_ENTROPY_H
#define CROSS_ENTROPY_H

#include <stdint.h>

// losses[r] = log(sum(exp(logits[r]))) - logits[r][targets[r]], for rows of `width` logits.
void cross_entropy_forward(int64_t rows, int64_t width, const int32_t *targets,
                           const float *logits, float *losses);
// The same, and the logits become scale * (softmax - one-hot of the target), rounded to the
// precision (0 float32, 1 bfloat16, 2 float16).
void cross_entropy_with_gradient(int64_t rows, int64_t width, int precision, float scale,
                                 const int32_t *targets, float *logits, float *losses);

#endif
