#ifndef COLUMNS_H
#define COLUMNS_H

#include <stdint.h>

// Matrices are of the type: 0 float32, 1 bfloat16, 2 float16; rows of `width`.

// y[r][c] = factors[c] * x[r][c]
void scale_columns(int64_t rows, int64_t width, int type, const void *x, const float *factors, void *y);
// sums[c] = sum over rows of a[r][c] * b[r][c], for columns first ..< last.
void column_products(int64_t rows, int64_t width, int64_t first, int64_t last, int type, const void *a,
                     const void *b, float *sums);
// sums[c] += sum over rows of x[r][c], for columns first ..< last.
void column_sums(int64_t rows, int64_t width, int64_t first, int64_t last, int type, const void *x, float *sums);
// x[r][columns[j]] += values[r][j], for `count` columns, each named once.
void add_at_columns(int64_t rows, int64_t width, int64_t count, const int32_t *columns, const float *values, int type, void *x);
// values[r][j] = x[r][columns[j]]
void take_columns(int64_t rows, int64_t width, int64_t count, const int32_t *columns, int type, const void *x, float *values);

#endif
