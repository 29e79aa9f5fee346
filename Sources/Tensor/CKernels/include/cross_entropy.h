#ifndef CROSS_ENTROPY_H
#define CROSS_ENTROPY_H

#include <stdint.h>

// Logits are of the type: 0 float32, 1 bfloat16, 2 float16; rows of `width`.

// losses[r] = log(sum(exp(logits[r]))) - logits[r][targets[r]]
void cross_entropy_forward(int64_t rows, int64_t width, const int32_t *targets, int type,
                           const void *logits, float *losses);
// The same, and the logits of row r become scales[r] * (softmax - one-hot of the target).
// `scratch` holds `width` floats.
void cross_entropy_with_gradient(int64_t rows, int64_t width, const float *scales,
                                 const int32_t *targets, int type, void *logits, float *scratch,
                                 float *losses);
// Both of the logits cap * tanh(x / cap), which stay float32; `logits` are x, whose gradient takes their place.
// `scratch` holds `width` floats for the losses alone, three times as many with the gradient.
void capped_cross_entropy_forward(int64_t rows, int64_t width, float cap, const int32_t *targets, int type,
                                  const void *logits, float *scratch, float *losses);
void capped_cross_entropy_with_gradient(int64_t rows, int64_t width, float cap, const float *scales,
                                        const int32_t *targets, int type, void *logits, float *scratch,
                                        float *losses);

#endif
