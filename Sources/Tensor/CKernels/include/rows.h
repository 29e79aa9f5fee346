#ifndef ROWS_H
#define ROWS_H

#include <stdint.h>

// Types: 0 float32, 1 bfloat16, 2 float16.

// y[i] = table[indices[i]], rows of `bytes` bytes.
void gather_rows(int64_t count, int64_t bytes, const int32_t *indices, const void *table, void *y);
// y[i] = x[i] for rows of `bytes` bytes, `stride` bytes apart in x and without gaps in y.
void copy_rows(int64_t count, int64_t bytes, const void *x, int64_t stride, void *y);
// table[indices[i]][first ..< last] += x[i][first ..< last], in the order of i; x of the type.
void scatter_add_rows_f32(int64_t count, int64_t width, int64_t first, int64_t last,
                          const int32_t *indices, int type, const void *x, float *table);

// y[i] = sum over t of weights[i][t] * rows[i][t], each of `terms` rows of the type at an address of its own.
void weighted_row_sums(int64_t count, int64_t terms, int64_t width, int type, const void *const *rows,
                       const float *weights, float *y);
// drows[i][t] = weights[i][t] * dy[i], of the type; dweights[i][t] = dy[i] . rows[i][t].
void weighted_row_sums_backward(int64_t count, int64_t terms, int64_t width, int type, const void *const *rows,
                                const float *weights, const float *dy, void *const *drows, float *dweights);

#endif
