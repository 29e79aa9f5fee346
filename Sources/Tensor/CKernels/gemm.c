#include "gemm.h"
#include "multiversion.h"

// Products are taken in blocks of depth_block of k, from panels packed so that the inner loop
// reads both operands in order: a tile of tile_rows x tile_columns of C stays in registers.
enum { tile_rows = 6, tile_columns = 32, depth_block = 256, column_block = 256 };

INLINE float element(const float *p, int64_t stride, int transposed, int64_t row, int64_t column) {
    return transposed ? p[column * stride + row] : p[row * stride + column];
}

MULTIVERSIONED
static void multiply_tile(int64_t depth, const float *restrict a, const float *restrict b,
                          float *restrict tile) {
    float sums[tile_rows][tile_columns] = {{0}};
    for (int64_t p = 0; p < depth; p++) {
        for (int i = 0; i < tile_rows; i++) {
            float x = a[p * tile_rows + i];
            for (int j = 0; j < tile_columns; j++) sums[i][j] += x * b[p * tile_columns + j];
        }
    }
    for (int i = 0; i < tile_rows; i++)
        for (int j = 0; j < tile_columns; j++) tile[i * tile_columns + j] = sums[i][j];
}

void gemm_portable(int transpose_a, int transpose_b, int64_t m, int64_t n, int64_t k, float alpha,
                   const float *a, int64_t lda, const float *b, int64_t ldb, float beta,
                   float *c, int64_t ldc) {
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++) c[i * ldc + j] = beta == 0 ? 0 : beta * c[i * ldc + j];

    float packed_b[depth_block * column_block];
    float packed_a[depth_block * tile_rows];
    float tile[tile_rows * tile_columns];
    for (int64_t p0 = 0; p0 < k; p0 += depth_block) {
        int64_t depth = k - p0 < depth_block ? k - p0 : depth_block;
        for (int64_t j0 = 0; j0 < n; j0 += column_block) {
            int64_t columns = n - j0 < column_block ? n - j0 : column_block;
            int64_t panels = (columns + tile_columns - 1) / tile_columns;
            for (int64_t q = 0; q < panels; q++)
                for (int64_t p = 0; p < depth; p++)
                    for (int64_t j = 0; j < tile_columns; j++) {
                        int64_t column = q * tile_columns + j;
                        packed_b[(q * depth + p) * tile_columns + j] =
                            column < columns ? element(b, ldb, transpose_b, p0 + p, j0 + column) : 0;
                    }
            for (int64_t i0 = 0; i0 < m; i0 += tile_rows) {
                int64_t rows = m - i0 < tile_rows ? m - i0 : tile_rows;
                for (int64_t p = 0; p < depth; p++)
                    for (int64_t i = 0; i < tile_rows; i++)
                        packed_a[p * tile_rows + i] =
                            i < rows ? element(a, lda, transpose_a, i0 + i, p0 + p) : 0;
                for (int64_t q = 0; q < panels; q++) {
                    multiply_tile(depth, packed_a, packed_b + q * depth * tile_columns, tile);
                    int64_t left = columns - q * tile_columns;
                    int64_t width = left < tile_columns ? left : tile_columns;
                    for (int64_t i = 0; i < rows; i++)
                        for (int64_t j = 0; j < width; j++)
                            c[(i0 + i) * ldc + j0 + q * tile_columns + j] +=
                                alpha * tile[i * tile_columns + j];
                }
            }
        }
    }
}
