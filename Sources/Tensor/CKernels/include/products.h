// Products whose right operand is packed for them: those of attention, the gradients of weights, and
// all of a build without libraries. A "unit" is what one multiply-add of a lane reads: a float, or, where the processor
// multiplies bfloat16, a pair of neighbouring values of the summed dimension in 32 bits.
#ifndef PRODUCTS_H
#define PRODUCTS_H

#include <stdint.h>

// Whether this processor multiplies bfloat16 (and the compiler could say so).
int has_bfloat16_products(void);

// How values become units: 0 a float each, 1 a pair of bfloat16 each.
enum { unit_float = 0, unit_pair = 1 };

// The number of units that `count` values of the summed dimension take.
int64_t unit_count(int unit, int64_t count);

// Packs the transpose of a matrix: of `rows` rows of `width` values of the type (0 float32,
// 1 bfloat16, 2 float16), `source_stride` values apart, unit u of row r goes to
// packed[u * stride + r]. Units that reach beyond the width are filled with zeros. With pairs the
// type must be bfloat16.
void pack_transposed(int unit, int64_t rows, int64_t width, int type, const void *source,
                     int64_t source_stride, void *packed, int64_t stride);
// Packs a matrix whose rows are the summed dimension: unit u of column c goes to packed[u * stride + c].
void pack_rows(int unit, int64_t rows, int64_t width, int type, const void *source,
               int64_t source_stride, void *packed, int64_t stride);

// The reverse of pack_rows: writes rows of values of the type.
void unpack_rows(int unit, int64_t rows, int64_t width, int type, const void *packed, int64_t stride,
                 void *target, int64_t target_stride);

// c[i][j] (+)= sum over units u of a[i * a_row + u * a_unit] b[u * b_stride + j], for i < m and
// j < n rounded up to 16: b and c have room for that many columns. Strides are in units; c holds
// floats. The order of summation of an element depends on nothing but the number of units.
void multiply_units(int unit, int64_t m, int64_t n, int64_t units, const void *a, int64_t a_row,
                    int64_t a_unit, const void *b, int64_t b_stride, int accumulate, float *c,
                    int64_t c_stride);

#endif
