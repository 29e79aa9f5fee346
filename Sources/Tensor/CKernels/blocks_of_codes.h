// Blocks of ggml whose values are 1 to 4 bits: integers of a few bits, or places in a table of 16 values.
// As of all blocks, every product here is exact.
#ifndef BLOCKS_OF_CODES_H
#define BLOCKS_OF_CODES_H

#include "scalar_types.h"

// Blocks have no alignment.
INLINE float half_at(const uint8_t *p) { return float_of_float16((uint16_t)(p[0] | p[1] << 8)); }

static const int8_t uneven_codes[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
// Numbers of 4 bits, sign, exponent of 2 and one of mantissa, times 2.
static const int8_t doubled_e2m1[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

// The lower halves of 16 bytes are the first 16 values, the upper ones the rest.
INLINE void values_of_table(const uint8_t *quants, const int8_t *table, float scale, float *y) {
    for (int j = 0; j < 16; j++) {
        y[j] = scale * (float)table[quants[j] & 15];
        y[j + 16] = scale * (float)table[quants[j] >> 4];
    }
}

// Half of 2 to a power: 8 bits of exponent, whose smallest two are subnormal halves.
INLINE float half_of_power(uint8_t exponent) {
    return from_bits(exponent < 2 ? 0x00200000u << exponent : (uint32_t)(exponent - 1) << 23);
}

// IQ4_XS: 8 runs of 32 values by the table, their scales 4 bits each and 2 upper ones.
INLINE void values_of_table_runs(const uint8_t *x, float *y) {
    float all_scale = half_at(x);
    int high = x[2] | x[3] << 8;
    for (int run = 0; run < 8; run++) {
        int scale = (x[4 + run / 2] >> run % 2 * 4 & 15) | (high >> 2 * run & 3) << 4;
        values_of_table(x + 8 + 16 * run, uneven_codes, all_scale * (float)(scale - 32), y + 32 * run);
    }
}

// Q2_K: 2 bits a value, and for 16 of them 4 bits of scale and 4 of offset.
INLINE void values_of_2_bits(const uint8_t *x, float *y) {
    float all_scale = half_at(x + 80), all_offset = half_at(x + 82);
    for (int run = 0; run < 16; run++) {
        const uint8_t *from = x + 16 + run / 8 * 32 + run % 2 * 16;
        float scale = all_scale * (float)(x[run] & 15), offset = all_offset * (float)(x[run] >> 4);
        int shift = run % 8 / 2 * 2;
        for (int l = 0; l < 16; l++) y[run * 16 + l] = scale * (float)(from[l] >> shift & 3) - offset;
    }
}

// Q3_K: 2 bits a value and a third one, which takes 4 off where it is not set, and for 16 of them a scale of 6 bits.
INLINE void values_of_3_bits(const uint8_t *x, float *y) {
    const uint8_t *quants = x + 32, *scales = x + 96;
    float all_scale = half_at(x + 108);
    for (int run = 0; run < 16; run++) {
        const uint8_t *from = quants + run / 8 * 32 + run % 2 * 16, *high = x + run % 2 * 16;
        int bits = (scales[run % 8] >> run / 8 * 4 & 15) | (scales[8 + run % 4] >> run / 4 * 2 & 3) << 4;
        float scale = all_scale * (float)(bits - 32);
        int shift = run % 8 / 2 * 2;
        for (int l = 0; l < 16; l++) {
            int quant = (from[l] >> shift & 3) - (high[l] >> run / 2 & 1 ? 0 : 4);
            y[run * 16 + l] = scale * (float)quant;
        }
    }
}

// A byte is a fraction of 256 in base 3; the first digit of it times 3 to the power.
INLINE float digit_of_3(uint8_t byte, int power) {
    uint8_t rest = (uint8_t)(byte * power);
    return (float)((rest * 3 >> 8) - 1);
}

// TQ1_0: -1, 0 or 1, five of them a byte, in the last four bytes four.
INLINE void values_of_base_3(const uint8_t *x, float *y) {
    static const int powers[5] = {1, 3, 9, 27, 81};
    float scale = half_at(x + 52);
    for (int p = 0; p < 5; p++) {
        for (int j = 0; j < 32; j++) y[p * 32 + j] = scale * digit_of_3(x[j], powers[p]);
        for (int j = 0; j < 16; j++) y[160 + p * 16 + j] = scale * digit_of_3(x[32 + j], powers[p]);
    }
    for (int p = 0; p < 4; p++) {
        for (int j = 0; j < 4; j++) y[240 + p * 4 + j] = scale * digit_of_3(x[48 + j], powers[p]);
    }
}

// TQ2_0: -1, 0 or 1 in 2 bits.
INLINE void values_of_3_states(const uint8_t *x, float *y) {
    float scale = half_at(x + 64);
    for (int run = 0; run < 8; run++) {
        for (int l = 0; l < 32; l++) y[run * 32 + l] = scale * (float)((x[run / 4 * 32 + l] >> run % 4 * 2 & 3) - 1);
    }
}

#endif
