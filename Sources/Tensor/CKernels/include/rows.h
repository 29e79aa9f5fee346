#ifndef ROWS_H
#define ROWS_H

#include <stdint.h>

// y[i] = table[indices[i]], rows of `width`.
void gather_rows_f32(int64_t count, int64_t width, const int32_t *indices, const float *table, float *y);
// table[indices[i]][first ..< last] += x[i][first ..< last], in the order of i.
void scatter_add_rows_f32(int64_t count, int64_t width, int64_t first, int64_t last,
                          const int32_t *indices, const float *x, float *table);

#endif
