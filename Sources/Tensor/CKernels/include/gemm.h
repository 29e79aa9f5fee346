#ifndef GEMM_H
#define GEMM_H

#include <stdint.h>

// C[m, n] = alpha * op(A) op(B) + beta * C on one thread, by plain C.
// op(A) is [m, k]: A itself with rows `lda` apart, or, with transpose_a, the transpose of the
// [k, m] matrix at `a`; B alike. With beta 0, C is not read.
void gemm_portable(int transpose_a, int transpose_b, int64_t m, int64_t n, int64_t k, float alpha,
                   const float *a, int64_t lda, const float *b, int64_t ldb, float beta,
                   float *c, int64_t ldc);

#endif
