#ifndef DOUBLE_ROWS_H
#define DOUBLE_ROWS_H

#include <stdint.h>

// Rows of n values in double, for decompositions. Any number of rows; products are summed in double.

// products[i][j] = x_i . y_j, [count][others]
void double_row_products(int64_t n, int64_t count, const double *x, int64_t others, const double *y, double *products);
// y_j[c] += sum over i of factors[i][j] * x_i[c], for columns first ..< last; factors is [count][others].
void add_double_rows(int64_t n, int64_t first, int64_t last, int64_t count, const double *x, const double *factors,
                     int64_t others, double *y);
// y_j[r] = w_r . x_j for the rows `first` ..< `last` of a float32 matrix w; y_j has `rows` values.
void double_rows_times(int64_t n, int64_t first, int64_t last, const float *w, int64_t others, const double *x,
                       int64_t rows, double *y);
// y_j += sum over r of (w_r . x_j) w_r for the rows `first` ..< `last`: a part of x W'W.
void double_rows_times_gram(int64_t n, int64_t first, int64_t last, const float *w, int64_t others, const double *x,
                            double *y);

#endif
