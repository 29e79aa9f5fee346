#ifndef DELTA_RULE_H
#define DELTA_RULE_H

#include <stdint.h>

// The gated delta rule of one head, for as many columns of its state as stand side by side in registers, or fewer: what
// becomes of a column depends on no other one. A state is [keys, delta_lanes]; columns after the last are left alone or 0.
// With state S, which is S[t - 1] before token t:
//     error[t] = v[t] - decay[t] S^T k[t]
//     S[t] = decay[t] S + k[t] (beta[t] error[t])^T
//     y[t] = S[t]^T q[t]
// Rows of q and k are key_stride values apart, of v and y as said, and a token's decay and beta gate_stride. Types: 0
// float32, 1 bfloat16, 2 float16.
enum { delta_lanes = 32 };

// Reads and replaces `state`. `errors` is null, or laid out as y.
void delta_rule_forward(int64_t tokens, int64_t keys, int64_t columns, const float *q, const float *k,
                        int64_t key_stride, int type, const void *v, int64_t v_stride, const float *decay,
                        const float *beta, int64_t gate_stride, float *state, void *y, float *errors, int64_t y_stride);
// The states again: from the one at state + t * state_stride the next, at state + (t + 1) * state_stride.
void delta_rule_states(int64_t tokens, int64_t keys, int64_t columns, const float *k, int64_t key_stride,
                       const float *errors, int64_t error_stride, const float *decay, const float *beta,
                       int64_t gate_stride, float *state, int64_t state_stride);
// From `states`, those before each token, and `dstate`, the gradient of the last one, which becomes that of the first:
// adds to dq, dk, dlog_decay and dbeta, and writes dv. `errors` and `dy` are laid out as y.
void delta_rule_backward(int64_t tokens, int64_t keys, int64_t columns, const float *q, const float *k,
                         int64_t key_stride, const float *errors, const float *dy, int64_t y_stride, const float *decay,
                         const float *beta, int64_t gate_stride, const float *states, float *dstate, float *dq,
                         float *dk, float *dv, int64_t dv_stride, float *dlog_decay, float *dbeta);

// y[r][h] = factor x[r][h] / sqrt(|x[r][h]|^2 + epsilon) for the heads of a row, `width` values each.
void unit_heads_forward(int64_t rows, int64_t heads, int64_t width, float epsilon, float factor, int type, const void *x,
                        int64_t x_stride, float *y, int64_t y_stride);
void unit_heads_backward(int64_t rows, int64_t heads, int64_t width, float epsilon, float factor, int type, const void *x,
                         int64_t x_stride, const float *dy, int64_t dy_stride, float *dx, int64_t dx_stride);

// y = exp(x)
void exponentials(int64_t n, const float *x, float *y);
// y[r][h] = -exp(log_rate[h]) log(1 + exp(x[r][h] + bias[h]))
void log_decay_forward(int64_t rows, int64_t heads, const float *bias, const float *log_rate, int type, const void *x,
                       float *y);
void log_decay_backward(int64_t rows, int64_t heads, const float *bias, const float *log_rate, int type, const void *x,
                        const float *dy, float *dx);

#endif
