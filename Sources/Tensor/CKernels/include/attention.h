#ifndef ATTENTION_H
#define ATTENTION_H

#include <stdint.h>

// The softmax of causal attention over a block of query rows. Row i of the block sees the keys
// 0 ..< first_visible + i, of `keys` columns; what lies beyond becomes 0.
// The scores are rounded, scaled and rounded again (precision: 0 float32, 1 bfloat16, 2 float16),
// as a 16-bit product and a 16-bit multiplication would leave them; the softmax is float32.
// log_sum[i] is the logarithm of row i's sum of exponentials.
void causal_softmax_forward(int64_t rows, int64_t keys, int64_t first_visible, float scale,
                            int precision, float *scores, float *log_sum);
// The same probabilities again, from the kept log_sum.
void causal_softmax_again(int64_t rows, int64_t keys, int64_t first_visible, float scale,
                          int precision, float *scores, const float *log_sum);
// dscores = scale * p * (dp - sum(dp * p)), with dp rounded first, in place of dp; beyond the
// visible keys 0.
void causal_softmax_backward(int64_t rows, int64_t keys, int64_t first_visible, float scale,
                             int precision, const float *probabilities, float *dp);

#endif
