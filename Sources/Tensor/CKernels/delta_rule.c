#include "delta_rule.h"
#include "scalar_types.h"

#include <math.h>

typedef float lanes __attribute__((vector_size(64), aligned(4)));
enum { width = 16, vectors = delta_lanes / width };

// The first columns of a row of the type, and zeros after them.
INLINE void load_columns(int type, const void *row, int64_t columns, lanes *into) {
    float values[delta_lanes] = {0};
    for (int64_t c = 0; c < columns; c++) values[c] = load_as(type, row, c);
    memcpy(into, values, sizeof values);
}

INLINE void store_columns(int type, const lanes *from, int64_t columns, void *row) {
    float values[delta_lanes];
    memcpy(values, from, sizeof values);
    for (int64_t c = 0; c < columns; c++) store_as(type, row, c, values[c]);
}

// By pointer: how a vector is passed depends on the processor.
INLINE float lane_sum(const lanes *x) {
    typedef float half __attribute__((vector_size(32)));
    typedef float quarter __attribute__((vector_size(16)));
    half h = __builtin_shufflevector(*x, *x, 0, 1, 2, 3, 4, 5, 6, 7) +
             __builtin_shufflevector(*x, *x, 8, 9, 10, 11, 12, 13, 14, 15);
    quarter q = __builtin_shufflevector(h, h, 0, 1, 2, 3) + __builtin_shufflevector(h, h, 4, 5, 6, 7);
    return (q[0] + q[2]) + (q[1] + q[3]);
}

// The sum of each of 16 vectors, in the lanes of the first.
INLINE void lane_sums(lanes *x) {
    for (int count = width / 2; count > 0; count /= 2)
        for (int j = 0; j < count; j++)
            x[j] = __builtin_shufflevector(x[2 * j], x[2 * j + 1], 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26,
                                           28, 30) +
                   __builtin_shufflevector(x[2 * j], x[2 * j + 1], 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27,
                                           29, 31);
}

INLINE void forward_typed(int type, int64_t tokens, int64_t keys, int64_t columns, const float *q, const float *k,
                          int64_t key_stride, const void *v, int64_t v_stride, const float *decay, const float *beta,
                          int64_t gate_stride, float *state, void *y, float *errors, int64_t y_stride) {
    for (int64_t t = 0; t < tokens; t++) {
        ANY_ORDER
        const float *query = q + t * key_stride, *key = k + t * key_stride;
        float a = decay[t * gate_stride], b = beta[t * gate_stride];
        lanes *rows = (lanes *)state;
        lanes even[vectors] = {0}, odd[vectors] = {0}, error[vectors], update[vectors], sums[vectors] = {0};
        int64_t i = 0;
        for (; i + 2 <= keys; i += 2)
            for (int n = 0; n < vectors; n++) {
                even[n] += key[i] * rows[i * vectors + n];
                odd[n] += key[i + 1] * rows[(i + 1) * vectors + n];
            }
        if (i < keys)
            for (int n = 0; n < vectors; n++) even[n] += key[i] * rows[i * vectors + n];
        load_columns(type, advanced(type, v, t * v_stride), columns, error);
        for (int n = 0; n < vectors; n++) {
            error[n] -= a * (even[n] + odd[n]);
            update[n] = b * error[n];
        }
        for (i = 0; i < keys; i++)
            for (int n = 0; n < vectors; n++) {
                lanes row = a * rows[i * vectors + n] + key[i] * update[n];
                rows[i * vectors + n] = row;
                sums[n] += query[i] * row;
            }
        store_columns(type, sums, columns, advanced_mutable(type, y, t * y_stride));
        if (errors) store_columns(0, error, columns, errors + t * y_stride);
    }
}

MULTIVERSIONED
void delta_rule_forward(int64_t tokens, int64_t keys, int64_t columns, const float *q, const float *k,
                        int64_t key_stride, int type, const void *v, int64_t v_stride, const float *decay,
                        const float *beta, int64_t gate_stride, float *state, void *y, float *errors, int64_t y_stride) {
    FOR_TYPE(type, forward_typed, tokens, keys, columns, q, k, key_stride, v, v_stride, decay, beta, gate_stride, state,
             y, errors, y_stride);
}

MULTIVERSIONED
void delta_rule_states(int64_t tokens, int64_t keys, int64_t columns, const float *k, int64_t key_stride,
                       const float *errors, int64_t error_stride, const float *decay, const float *beta,
                       int64_t gate_stride, float *state, int64_t state_stride) {
    for (int64_t t = 0; t < tokens; t++) {
        ANY_ORDER
        const float *key = k + t * key_stride;
        float a = decay[t * gate_stride], b = beta[t * gate_stride];
        const lanes *rows = (const lanes *)(state + t * state_stride);
        lanes *next = (lanes *)(state + (t + 1) * state_stride);
        lanes update[vectors];
        load_columns(0, errors + t * error_stride, columns, update);
        for (int n = 0; n < vectors; n++) update[n] *= b;
        for (int64_t i = 0; i < keys; i++)
            for (int n = 0; n < vectors; n++) next[i * vectors + n] = a * rows[i * vectors + n] + key[i] * update[n];
    }
}

MULTIVERSIONED
void delta_rule_backward(int64_t tokens, int64_t keys, int64_t columns, const float *q, const float *k,
                         int64_t key_stride, const float *errors, const float *dy, int64_t y_stride, const float *decay,
                         const float *beta, int64_t gate_stride, const float *states, float *dstate, float *dq,
                         float *dk, float *dv, int64_t dv_stride, float *dlog_decay, float *dbeta) {
    for (int64_t t = tokens - 1; t >= 0; t--) {
        ANY_ORDER
        const float *query = q + t * key_stride, *key = k + t * key_stride;
        float *dquery = dq + t * key_stride, *dkey = dk + t * key_stride;
        float a = decay[t * gate_stride], b = beta[t * gate_stride];
        const lanes *rows = (const lanes *)(states + t * keys * delta_lanes);
        lanes *drows = (lanes *)dstate;
        lanes error[vectors], update[vectors], dresult[vectors], dupdate[vectors] = {0}, dmemory[vectors];
        load_columns(0, errors + t * y_stride, columns, error);
        load_columns(0, dy + t * y_stride, columns, dresult);
        for (int64_t i = 0; i < keys; i++)
            for (int n = 0; n < vectors; n++) {
                lanes drow = drows[i * vectors + n] + query[i] * dresult[n];
                drows[i * vectors + n] = drow;
                dupdate[n] += key[i] * drow;
            }
        // What beta, the token's own query, and the decay get.
        lanes along = {0}, seen = {0}, grown = {0};
        for (int n = 0; n < vectors; n++) {
            update[n] = b * error[n];
            dmemory[n] = -b * dupdate[n];
            along += dupdate[n] * error[n];
            seen += update[n] * dresult[n];
        }
        dbeta[t * gate_stride] += lane_sum(&along);
        float kept = lane_sum(&seen);
        for (int64_t first = 0; first < keys; first += width) {
            lanes of_query[width], of_key[width];
            int count = keys - first < width ? (int)(keys - first) : width;
            for (int j = 0; j < count; j++) {
                int64_t i = first + j;
                of_query[j] = of_key[j] = (lanes){0};
                for (int n = 0; n < vectors; n++) {
                    lanes row = a * rows[i * vectors + n], drow = drows[i * vectors + n];
                    of_query[j] += row * dresult[n];
                    of_key[j] += drow * update[n] + row * dmemory[n];
                    lanes before = drow + key[i] * dmemory[n];
                    grown += before * row;
                    drows[i * vectors + n] = a * before;
                }
            }
            for (int j = count; j < width; j++) of_query[j] = of_key[j] = (lanes){0};
            lane_sums(of_query);
            lane_sums(of_key);
            if (count == width) {
                *(lanes *)(dquery + first) += of_query[0] + kept * *(const lanes *)(key + first);
                *(lanes *)(dkey + first) += of_key[0];
                continue;
            }
            for (int j = 0; j < count; j++) {
                dquery[first + j] += of_query[0][j] + kept * key[first + j];
                dkey[first + j] += of_key[0][j];
            }
        }
        dlog_decay[t * gate_stride] += lane_sum(&grown);
        for (int n = 0; n < vectors; n++) dmemory[n] = -dmemory[n];
        store_columns(0, dmemory, columns, dv + t * dv_stride);
    }
}

INLINE float inverse_length(int type, int64_t width, const void *x, float epsilon) {
    float sum = 0;
    {
        ANY_ORDER
        for (int64_t c = 0; c < width; c++) sum += load_as(type, x, c) * load_as(type, x, c);
    }
    return 1.0f / sqrtf(sum + epsilon);
}

INLINE void unit_forward_typed(int type, int64_t rows, int64_t heads, int64_t width, float epsilon, float factor,
                               const void *x, int64_t x_stride, float *y, int64_t y_stride) {
    for (int64_t r = 0; r < rows; r++)
        for (int64_t h = 0; h < heads; h++) {
            const void *in = advanced(type, x, r * x_stride + h * width);
            float *out = y + r * y_stride + h * width;
            float scale = factor * inverse_length(type, width, in, epsilon);
            for (int64_t c = 0; c < width; c++) out[c] = scale * load_as(type, in, c);
        }
}

MULTIVERSIONED
void unit_heads_forward(int64_t rows, int64_t heads, int64_t width, float epsilon, float factor, int type, const void *x,
                        int64_t x_stride, float *y, int64_t y_stride) {
    FOR_TYPE(type, unit_forward_typed, rows, heads, width, epsilon, factor, x, x_stride, y, y_stride);
}

INLINE void unit_backward_typed(int type, int64_t rows, int64_t heads, int64_t width, float epsilon, float factor,
                                const void *x, int64_t x_stride, const float *dy, int64_t dy_stride, float *dx,
                                int64_t dx_stride) {
    for (int64_t r = 0; r < rows; r++)
        for (int64_t h = 0; h < heads; h++) {
            const void *in = advanced(type, x, r * x_stride + h * width);
            const float *g = dy + r * dy_stride + h * width;
            float *out = dx + r * dx_stride + h * width;
            float inverse = inverse_length(type, width, in, epsilon), dot = 0;
            {
                ANY_ORDER
                for (int64_t c = 0; c < width; c++) dot += g[c] * load_as(type, in, c);
            }
            float pull = dot * inverse * inverse, scale = factor * inverse;
            for (int64_t c = 0; c < width; c++) out[c] = scale * (g[c] - pull * load_as(type, in, c));
        }
}

MULTIVERSIONED
void unit_heads_backward(int64_t rows, int64_t heads, int64_t width, float epsilon, float factor, int type, const void *x,
                         int64_t x_stride, const float *dy, int64_t dy_stride, float *dx, int64_t dx_stride) {
    FOR_TYPE(type, unit_backward_typed, rows, heads, width, epsilon, factor, x, x_stride, dy, dy_stride, dx, dx_stride);
}

MULTIVERSIONED
void exponentials(int64_t n, const float *x, float *y) {
    for (int64_t i = 0; i < n; i++) y[i] = exp_f32(x[i]);
}

// Far from 0 it is x, as PyTorch has it.
static float softplus(float x) { return x > 20.0f ? x : log1pf(expf(x)); }

void log_decay_forward(int64_t rows, int64_t heads, const float *bias, const float *log_rate, int type, const void *x,
                       float *y) {
    for (int64_t r = 0; r < rows; r++)
        for (int64_t h = 0; h < heads; h++)
            y[r * heads + h] = -expf(log_rate[h]) * softplus(load_as(type, x, r * heads + h) + bias[h]);
}

void log_decay_backward(int64_t rows, int64_t heads, const float *bias, const float *log_rate, int type, const void *x,
                        const float *dy, float *dx) {
    for (int64_t r = 0; r < rows; r++)
        for (int64_t h = 0; h < heads; h++) {
            float sigmoid = 1.0f / (1.0f + expf(-(load_as(type, x, r * heads + h) + bias[h])));
            dx[r * heads + h] = -expf(log_rate[h]) * sigmoid * dy[r * heads + h];
        }
}
