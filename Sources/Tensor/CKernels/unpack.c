// Weights as libraries pack them in folders of Hugging Face.
#include "unpack.h"
#include "scalar_types.h"

INLINE uint32_t word_at(const uint8_t *p) {
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

INLINE void affine_typed(int type, int64_t rows, int64_t columns, int bits, int64_t group, const uint8_t *packed,
                         const float *scales, const float *biases, void *y) {
    int64_t bytes = columns * bits / 8, groups = columns / group;
    uint32_t mask = (1u << bits) - 1;
    for (int64_t r = 0; r < rows; r++) {
        const uint8_t *row = packed + r * bytes;
        for (int64_t g = 0; g < groups; g++) {
            float scale = scales[r * groups + g], bias = biases[r * groups + g];
            for (int64_t c = g * group; c < (g + 1) * group; c++) {
                int64_t bit = c * bits, place = bit >> 3;
                uint32_t pair = row[place] | (place + 1 < bytes ? (uint32_t)row[place + 1] << 8 : 0);
                float quant = (float)(int32_t)(pair >> (bit & 7) & mask);
                // Two statements: the product is rounded before the sum.
                float product = round_to(quant * scale, type);
                float sum = product + bias;
                store_as(type, y, r * columns + c, sum);
            }
        }
    }
}

MULTIVERSIONED
void unpack_affine(int64_t rows, int64_t columns, int bits, int64_t group, const uint8_t *packed, const float *scales,
                   const float *biases, int type, void *y) {
    FOR_TYPE(type, affine_typed, rows, columns, bits, group, packed, scales, biases, y);
}

INLINE void bytes_typed(int type, int64_t first, int64_t rows, int64_t columns, int64_t block_rows, int64_t block_columns,
                        int64_t blocks_in_row, const uint8_t *codes, const float *table, const float *scales,
                        float factor, void *y) {
    for (int64_t r = 0; r < rows; r++) {
        const float *row = scales + (first + r) / block_rows * blocks_in_row;
        for (int64_t start = 0; start < columns; start += block_columns) {
            int64_t end = start + block_columns < columns ? start + block_columns : columns;
            float scale = row[start / block_columns];
            for (int64_t c = start; c < end; c++) {
                float scaled = table[codes[r * columns + c]] * scale;
                store_as(type, y, r * columns + c, scaled * factor);
            }
        }
    }
}

void unpack_bytes(int64_t first, int64_t rows, int64_t columns, int64_t block_rows, int64_t block_columns,
                  int64_t blocks_in_row, const uint8_t *codes, const float *table, const float *scales, float factor,
                  int type, void *y) {
    FOR_TYPE(type, bytes_typed, first, rows, columns, block_rows, block_columns, blocks_in_row, codes, table, scales,
             factor, y);
}

INLINE void table_typed(int type, int64_t first, int64_t bytes, int64_t block, const uint8_t *packed, const float *table,
                        const float *scales, void *y) {
    // Blocks are whole bytes.
    for (int64_t start = 0; start < bytes;) {
        int64_t number = 2 * (first + start) / block, end = (number + 1) * block / 2 - first;
        end = end < bytes ? end : bytes;
        for (int64_t i = start; i < end; i++) {
            store_as(type, y, 2 * i, table[packed[i] >> 4] * scales[number]);
            store_as(type, y, 2 * i + 1, table[packed[i] & 15] * scales[number]);
        }
        start = end;
    }
}

void unpack_table(int64_t first, int64_t bytes, int64_t block, const uint8_t *packed, const float *table,
                  const float *scales, int type, void *y) {
    FOR_TYPE(type, table_typed, first, bytes, block, packed, table, scales, y);
}

// So many columns at a time that the words of a row are beside each other.
enum { column_block = 16 };

INLINE void columns_typed(int type, int64_t first, int64_t count, int64_t rows, int64_t columns, int bits,
                          const uint8_t *words, const int32_t *places, const int32_t *groups, const float *zeros,
                          const float *scales, void *y) {
    // 2, 4 or 8 bits: as powers of two, how many words hold, and which place in one is the last.
    int power = bits == 2 ? 4 : bits == 4 ? 3 : 2;
    int64_t last = (1 << power) - 1, words_in_row = columns >> power;
    uint32_t mask = (1u << bits) - 1;
    for (int64_t start = first; start < first + count; start += column_block) {
        int64_t end = start + column_block < first + count ? start + column_block : first + count;
        for (int64_t r = 0; r < rows; r++) {
            int64_t group = groups[r] * columns;
            for (int64_t c = start; c < end; c++) {
                int64_t word = places ? r * words_in_row + (c >> power) : (r >> power) * columns + c;
                int64_t place = places ? places[c & last] : r & last;
                float quant = (float)(int32_t)(word_at(words + word * 4) >> place * bits & mask);
                store_as(type, y, (c - first) * rows + r, (quant - zeros[group + c]) * scales[group + c]);
            }
        }
    }
}

void unpack_columns(int64_t first, int64_t count, int64_t rows, int64_t columns, int bits, const uint8_t *words,
                    const int32_t *places, const int32_t *groups, const float *zeros, const float *scales, int type,
                    void *y) {
    FOR_TYPE(type, columns_typed, first, count, rows, columns, bits, words, places, groups, zeros, scales, y);
}
