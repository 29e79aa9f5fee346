// ggml's blocks of quantised values: the bits of an integer a value, and scales that the block shares.
// A half's 11 bits times the few bits of scales and values fit in a float32, so every product here is
// exact, a value is rounded once at most, and its bits are those of ggml's reference, fused or not.
#include "dequantize.h"
#include "blocks_of_codes.h"
#include "scalar_types.h"

enum { q4_0 = 2, q4_1 = 3, q5_0 = 6, q5_1 = 7, q8_0 = 8, q2_k = 10, q3_k = 11, q4_k = 12, q5_k = 13, q6_k = 14 };
enum { iq4_nl = 20, iq4_xs = 23, tq1_0 = 34, tq2_0 = 35, mxfp4 = 39 };
enum { block_values = 32, super_block_values = 256 };

// The lower halves of the bytes are the first 16 values, the upper ones the rest.
INLINE void values_of_4_bits(const uint8_t *quants, float scale, float zero, float least, float *y) {
    for (int j = 0; j < 16; j++) {
        y[j] = scale * ((float)(quants[j] & 15) - zero) + least;
        y[j + 16] = scale * ((float)(quants[j] >> 4) - zero) + least;
    }
}

// The same with a fifth bit a value.
INLINE void values_of_5_bits(const uint8_t *high, const uint8_t *quants, float scale, float zero,
                             float least, float *y) {
    uint32_t bits = high[0] | (uint32_t)high[1] << 8 | (uint32_t)high[2] << 16 | (uint32_t)high[3] << 24;
    for (int j = 0; j < 16; j++) {
        uint32_t first = (quants[j] & 15u) | (bits >> j & 1u) << 4;
        uint32_t second = quants[j] >> 4 | (bits >> (j + 16) & 1u) << 4;
        y[j] = scale * ((float)(int32_t)first - zero) + least;
        y[j + 16] = scale * ((float)(int32_t)second - zero) + least;
    }
}

// Scale and offset of 8 runs of 32 values: 6 bits each, packed into 12 bytes.
INLINE void scale_and_offset(const uint8_t *packed, int run, int *scale, int *offset) {
    if (run < 4) {
        *scale = packed[run] & 63;
        *offset = packed[run + 4] & 63;
    } else {
        *scale = (packed[run + 4] & 15) | (packed[run - 4] >> 6) << 4;
        *offset = packed[run + 4] >> 4 | (packed[run] >> 6) << 4;
    }
}

// Q4_K, and Q5_K where `high` holds a fifth bit: bit `run` of byte l for value l of the run.
INLINE void values_of_runs(const uint8_t *x, const uint8_t *high, const uint8_t *quants, float *y) {
    float all_scale = half_at(x), all_offset = half_at(x + 2);
    for (int run = 0; run < 8; run++) {
        int scale_bits, offset_bits;
        scale_and_offset(x + 4, run, &scale_bits, &offset_bits);
        float scale = all_scale * (float)scale_bits, offset = all_offset * (float)offset_bits;
        const uint8_t *from = quants + run / 2 * 32;
        int shift = run % 2 * 4;
        for (int l = 0; l < 32; l++) {
            int quant = from[l] >> shift & 15;
            if (high) quant |= (high[l] >> run & 1) << 4;
            y[run * 32 + l] = scale * (float)quant - offset;
        }
    }
}

// 4 bits of each value in `low`, 2 in `high`, a signed scale for 16 values.
INLINE void values_of_6_bits(const uint8_t *x, float *y) {
    const uint8_t *low = x, *high = x + 128;
    const int8_t *scales = (const int8_t *)(x + 192);
    float all_scale = half_at(x + 208);
    for (int run = 0; run < 8; run++) {
        const uint8_t *from = low + run / 4 * 64 + run % 2 * 32, *bits = high + run / 4 * 32;
        int shift = run % 4 / 2 * 4, high_shift = run % 4 * 2;
        for (int half = 0; half < 2; half++) {
            float scale = all_scale * (float)scales[run * 2 + half];
            for (int l = half * 16; l < half * 16 + 16; l++) {
                int quant = (from[l] >> shift & 15) | (bits[l] >> high_shift & 3) << 4;
                y[run * 32 + l] = scale * (float)(quant - 32);
            }
        }
    }
}

INLINE void values_of_block(int format, const uint8_t *x, float *y) {
    switch (format) {
    case q4_0: values_of_4_bits(x + 2, half_at(x), 8, -0.0f, y); break;
    case q4_1: values_of_4_bits(x + 4, half_at(x), 0, half_at(x + 2), y); break;
    case q5_0: values_of_5_bits(x + 2, x + 6, half_at(x), 16, -0.0f, y); break;
    case q5_1: values_of_5_bits(x + 4, x + 8, half_at(x), 0, half_at(x + 2), y); break;
    case q8_0: {
        float scale = half_at(x);
        for (int j = 0; j < block_values; j++) y[j] = scale * (float)(int8_t)x[2 + j];
        break;
    }
    case iq4_nl: values_of_table(x + 2, uneven_codes, half_at(x), y); break;
    case mxfp4: values_of_table(x + 1, doubled_e2m1, half_of_power(x[0]), y); break;
    case q2_k: values_of_2_bits(x, y); break;
    case q3_k: values_of_3_bits(x, y); break;
    case q4_k: values_of_runs(x, 0, x + 16, y); break;
    case q5_k: values_of_runs(x, x + 16, x + 48, y); break;
    case q6_k: values_of_6_bits(x, y); break;
    case iq4_xs: values_of_table_runs(x, y); break;
    case tq1_0: values_of_base_3(x, y); break;
    case tq2_0: values_of_3_states(x, y); break;
    }
}

INLINE int64_t size_of_block(int format) {
    switch (format) {
    case q4_0: return 18;
    case q4_1: return 20;
    case q5_0: return 22;
    case q5_1: return 24;
    case q8_0: return 34;
    case iq4_nl: return 18;
    case mxfp4: return 17;
    case q2_k: return 84;
    case q3_k: return 110;
    case q4_k: return 144;
    case q5_k: return 176;
    case q6_k: return 210;
    case iq4_xs: return 136;
    case tq1_0: return 54;
    case tq2_0: return 66;
    }
    return 0;
}

INLINE int64_t values_in_block(int format) {
    switch (format) {
    case q4_0: case q4_1: case q5_0: case q5_1: case q8_0: case iq4_nl: case mxfp4: return block_values;
    }
    return super_block_values;
}

INLINE void store_block(int type, int64_t n, const float *x, void *y, int64_t first) {
    for (int64_t i = 0; i < n; i++) store_as(type, y, first + i, x[i]);
}

MULTIVERSIONED
void dequantize_blocks(int64_t blocks, int format, const void *x, int type, void *y) {
    const uint8_t *from = x;
    int64_t size = size_of_block(format);
    int64_t n = values_in_block(format);
    float values[super_block_values];
    for (int64_t b = 0; b < blocks; b++) {
        values_of_block(format, from + b * size, values);
        FOR_TYPE(type, store_block, n, values, y, b * n);
    }
}

INLINE void quantize_typed(int type, int64_t blocks, const void *x, uint8_t *y) {
    for (int64_t b = 0; b < blocks; b++, y += 34) {
        float values[block_values];
        // As bits, NaN is above infinity, and that above all numbers.
        uint32_t largest = 0;
        for (int j = 0; j < block_values; j++) {
            values[j] = load_as(type, x, b * block_values + j);
            uint32_t magnitude = bits_of(values[j]) & 0x7FFFFFFFu;
            largest = magnitude > largest ? magnitude : largest;
        }
        float scale = from_bits(largest) / 127.0f;
        float inverse = scale != 0 ? 1.0f / scale : 0;
        uint16_t half = largest < 0x7F800000u ? float16_of_float(scale) : 0x7E00u;
        y[0] = (uint8_t)half;
        y[1] = (uint8_t)(half >> 8);
        for (int j = 0; j < block_values; j++) {
            float scaled = values[j] * inverse;
            float magnitude = scaled < 0 ? -scaled : scaled;
            // Only what is no number, and what a scale below half's range divides, is beyond.
            magnitude = magnitude < 127.5f ? magnitude : 0;
            int32_t whole = (int32_t)magnitude;
            whole += magnitude - (float)whole >= 0.5f ? 1 : 0;
            y[2 + j] = (uint8_t)(scaled < 0 ? -whole : whole);
        }
    }
}

MULTIVERSIONED
void quantize_q8_0(int64_t blocks, int type, const void *x, void *y) {
    FOR_TYPE(type, quantize_typed, blocks, x, (uint8_t *)y);
}
