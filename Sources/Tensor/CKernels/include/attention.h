#ifndef ATTENTION_H
#define ATTENTION_H

#include <stdint.h>

// The softmax of attention over a block of query rows, float32 scores `stride` apart. Row i sees the
// first visible[i] keys, but for the first hidden[i] of them where `hidden` is not null; the rest, up to
// `stride`, becomes 0.
// `type` is that of the products' operands (0 float32, 1 bfloat16, 2 float16): the probabilities
// are rounded to it, and kept as floats, or in `packed` as bfloat16 rows `stride` values apart where
// that is not null.

// n products of queries and keys become scores that stay between -cap and cap: cap * tanh(scale * x / cap).
// Where `slopes` is not null it is given their derivatives, scale * (1 - tanh^2).
void attention_soft_cap(int64_t n, float scale, float cap, float *scores, float *slopes);
// Probabilities of scale * scores; log_sum[i] is the logarithm of row i's sum of exponentials.
void attention_softmax(int64_t rows, int64_t stride, const int32_t *hidden, const int32_t *visible,
                       float scale, int type, float *scores, uint16_t *packed, float *log_sum);
// From the scores again and the kept log_sum: the rounded probabilities, and, in place of dp,
// dscores = scale * p * (dp - sum(dp * p)), rounded alike; where `slopes` is not null, rows `stride` apart of
// a factor for each score, it has the place of the scale there.
void attention_softmax_backward(int64_t rows, int64_t stride, const int32_t *hidden,
                                const int32_t *visible, float scale, const float *slopes, int type,
                                float *scores, float *dp, const float *log_sum, uint16_t *packed,
                                uint16_t *packed_dp);

#endif
