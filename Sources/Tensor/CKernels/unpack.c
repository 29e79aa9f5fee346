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
        for (int64_t c = 0; c < columns; c++) {
            int64_t bit = c * bits, place = bit / 8;
            uint32_t pair = row[place] | (place + 1 < bytes ? (uint32_t)row[place + 1] << 8 : 0);
            float quant = (float)(int32_t)(pair >> bit % 8 & mask);
            // Two statements: the product is rounded before the sum.
            float product = round_to(quant * scales[r * groups + c / group], type);
            float sum = product + biases[r * groups + c / group];
            store_as(type, y, r * columns + c, sum);
        }
    }
}

MULTIVERSIONED
void unpack_affine(int64_t rows, int64_t columns, int bits, int64_t group, const uint8_t *packed, const float *scales,
                   const float *biases, int type, void *y) {
    FOR_TYPE(type, affine_typed, rows, columns, bits, group, packed, scales, biases, y);
}

// 4 bits of exponent from 2^-6 on, 3 of mantissa; all of them set is no number.
INLINE float value_of_e4m3(uint8_t code) {
    uint32_t sign = (uint32_t)(code & 0x80u) << 24, magnitude = code & 0x7Fu;
    // The bits where a float has them, whose exponent is larger by 120: right for subnormals too.
    uint32_t bits = magnitude == 0x7Fu ? 0x7FC00000u : bits_of(from_bits(magnitude << 20) * 0x1p120f);
    return from_bits(bits | sign);
}

void values_of_e4m3(int64_t n, const uint8_t *codes, float *y) {
    for (int64_t i = 0; i < n; i++) y[i] = value_of_e4m3(codes[i]);
}

INLINE void bytes_typed(int type, int64_t first, int64_t rows, int64_t columns, int64_t block_rows, int64_t block_columns,
                        int64_t blocks_in_row, const uint8_t *codes, const float *table, const float *scales,
                        float factor, void *y) {
    for (int64_t r = 0; r < rows; r++) {
        const float *row = scales + (first + r) / block_rows * blocks_in_row;
        for (int64_t c = 0; c < columns; c++) {
            float scaled = table[codes[r * columns + c]] * row[c / block_columns];
            store_as(type, y, r * columns + c, scaled * factor);
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
    for (int64_t i = 0; i < bytes; i++) {
        int64_t value = 2 * (first + i);
        store_as(type, y, 2 * i, table[packed[i] >> 4] * scales[value / block]);
        store_as(type, y, 2 * i + 1, table[packed[i] & 15] * scales[(value + 1) / block]);
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
    int64_t per_word = 32 / bits;
    uint32_t mask = bits == 32 ? ~0u : (1u << bits) - 1;
    for (int64_t start = first; start < first + count; start += column_block) {
        int64_t end = start + column_block < first + count ? start + column_block : first + count;
        for (int64_t r = 0; r < rows; r++) {
            int64_t group = groups[r] * columns;
            for (int64_t c = start; c < end; c++) {
                int64_t word = places ? r * (columns / per_word) + c / per_word : r / per_word * columns + c;
                int64_t place = places ? places[c % per_word] : r % per_word;
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
