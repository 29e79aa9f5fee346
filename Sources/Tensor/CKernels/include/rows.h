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

#endif
