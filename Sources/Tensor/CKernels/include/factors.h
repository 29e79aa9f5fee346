#ifndef FACTORS_H
#define FACTORS_H

#include <stdint.h>

// The length of rows first ..< last of W + s B A, of low rank r:
// norms[o]^2 = squares[o] + 2 s sum_k product[k][o] b[o][k] + s^2 sum_kl b[o][k] gram[k][l] b[o][l],
// where squares[o] = |W[o]|^2, product = A W^T is [rank, rows] and gram = A A^T is [rank, rank].
void low_rank_row_norms(int64_t rows, int64_t rank, int64_t first, int64_t last, float scale, const float *squares,
                        const float *product, const float *gram, const float *b, float *norms);
// Makes rows of n values orthonormal, one after the other, each twice; a row that depends on those before it becomes 0.
void orthonormalize_rows(int64_t rows, int64_t n, float *x);
// products[i][j] = sum over c of x[i][c] * x[j][c], in double.
void row_products(int64_t rows, int64_t n, const float *x, double *products);

#endif
