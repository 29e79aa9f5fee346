#include "factors.h"
#include "multiversion.h"

MULTIVERSIONED
void low_rank_row_norms(int64_t rows, int64_t rank, int64_t first, int64_t last, float scale, const float *squares,
                        const float *product, const float *gram, const float *b, float *norms) {
    for (int64_t o = first; o < last; o++) {
        const float *row = b + o * rank;
        double cross = 0, square = 0;
        for (int64_t k = 0; k < rank; k++) {
            double inner = 0;
            {
                ANY_ORDER
                for (int64_t l = 0; l < rank; l++) inner += (double)gram[k * rank + l] * row[l];
            }
            square += inner * row[k];
            cross += (double)product[k * rows + o] * row[k];
        }
        double sum = squares[o] + 2.0 * scale * cross + (double)scale * scale * square;
        // A row of zeros keeps a length that can be divided by.
        norms[o] = (float)__builtin_sqrt(sum > 1e-30 ? sum : 1e-30);
    }
}

INLINE double dot(int64_t n, const float *x, const float *y) {
    ANY_ORDER
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += (double)x[i] * y[i];
    return sum;
}

MULTIVERSIONED
void orthonormalize_rows(int64_t rows, int64_t n, float *x) {
    for (int64_t r = 0; r < rows; r++) {
        float *row = x + r * n;
        double before = dot(n, row, row);
        for (int pass = 0; pass < 2; pass++)
            for (int64_t q = 0; q < r; q++) {
                float part = (float)dot(n, row, x + q * n);
                for (int64_t i = 0; i < n; i++) row[i] -= part * x[q * n + i];
            }
        double after = dot(n, row, row);
        float factor = after > 1e-10 * before ? (float)(1 / __builtin_sqrt(after)) : 0;
        for (int64_t i = 0; i < n; i++) row[i] *= factor;
    }
}

MULTIVERSIONED
void row_products(int64_t rows, int64_t n, const float *x, double *products) {
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j <= i; j++) {
            double product = dot(n, x + i * n, x + j * n);
            products[i * rows + j] = product;
            products[j * rows + i] = product;
        }
}
