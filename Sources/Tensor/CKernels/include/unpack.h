#ifndef UNPACK_H
#define UNPACK_H

#include <stdint.h>

// Types: 0 float32, 1 bfloat16, 2 float16. Packed bytes have no alignment; integers in them are little-endian.

// Rows of whole bytes, each a stream of integers of 1 to 8 bits, lowest bits first: integer * scale + bias, the product
// and the sum rounded to the type. `group` columns share a scale and a bias.
void unpack_affine(int64_t rows, int64_t columns, int bits, int64_t group, const uint8_t *packed, const float *scales,
                   const float *biases, int type, void *y);

// Bytes that each stand for a value of a table, times a scale each block, times a factor. The first row is the row `first`
// of a matrix whose blocks have `block_rows` rows and `block_columns` columns, those at the edges less.
void unpack_bytes(int64_t first, int64_t rows, int64_t columns, int64_t block_rows, int64_t block_columns,
                  int64_t blocks_in_row, const uint8_t *codes, const float *table, const float *scales, float factor,
                  int type, void *y);

// Pairs of places in a table of 16 values, the first in the upper bits, times a scale for `block` of them. The first byte
// holds the values 2 * first and the next.
void unpack_table(int64_t first, int64_t bytes, int64_t block, const uint8_t *packed, const float *table,
                  const float *scales, int type, void *y);

// Columns of a matrix [rows, columns] of integers of 2, 4 or 8 bits as rows: (integer - zero) * scale, rounded to the type.
// Words of 32 bits hold 32 / bits integers below each other, or beside each other where `places` says at which place each
// of the columns stands. `groups` has the row of zeros and scales [groups, columns] for each row.
void unpack_columns(int64_t first, int64_t count, int64_t rows, int64_t columns, int bits, const uint8_t *words,
                    const int32_t *places, const int32_t *groups, const float *zeros, const float *scales, int type,
                    void *y);

#endif
