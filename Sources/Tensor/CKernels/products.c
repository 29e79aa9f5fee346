#include "products.h"
#include "scalar_types.h"

#if defined(__x86_64__)
#include <immintrin.h>
#define HAS_X86 1
#endif

int has_bfloat16_products(void) {
#if HAS_X86
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl");
#else
    return 0;
#endif
}

int64_t unit_count(int unit, int64_t count) { return unit == unit_pair ? (count + 1) / 2 : count; }

// MARK: packing

INLINE uint32_t pair_of(uint16_t low, uint16_t high) { return low | (uint32_t)high << 16; }

static void pack_transposed_pairs(int64_t rows, int64_t width, const uint16_t *source,
                                  int64_t source_stride, uint32_t *packed, int64_t stride) {
    // Blocks of 16 rows, so that whole cache lines of the result are written.
    for (int64_t r0 = 0; r0 < rows; r0 += 16) {
        int64_t r1 = r0 + 16 < rows ? r0 + 16 : rows;
        for (int64_t u = 0; u < width / 2; u++)
            for (int64_t r = r0; r < r1; r++)
                memcpy(packed + u * stride + r, source + r * source_stride + 2 * u, 4);
        if (width % 2 != 0)
            for (int64_t r = r0; r < r1; r++)
                packed[width / 2 * stride + r] = source[r * source_stride + width - 1];
    }
}

INLINE void pack_transposed_typed(int type, int64_t rows, int64_t width, const void *source,
                                  int64_t source_stride, float *packed, int64_t stride) {
    for (int64_t r0 = 0; r0 < rows; r0 += 16) {
        int64_t r1 = r0 + 16 < rows ? r0 + 16 : rows;
        for (int64_t c = 0; c < width; c++)
            for (int64_t r = r0; r < r1; r++)
                packed[c * stride + r] = load_as(type, source, r * source_stride + c);
    }
}

MULTIVERSIONED
void pack_transposed(int unit, int64_t rows, int64_t width, int type, const void *source,
                     int64_t source_stride, void *packed, int64_t stride) {
    if (unit == unit_pair) pack_transposed_pairs(rows, width, source, source_stride, packed, stride);
    else FOR_TYPE(type, pack_transposed_typed, rows, width, source, source_stride, packed, stride);
}

INLINE void pack_rows_typed(int type, int64_t rows, int64_t width, const void *source,
                            int64_t source_stride, float *packed, int64_t stride) {
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < width; c++)
            packed[r * stride + c] = load_as(type, source, r * source_stride + c);
}

MULTIVERSIONED
void pack_rows(int unit, int64_t rows, int64_t width, int type, const void *source,
               int64_t source_stride, void *packed, int64_t stride) {
    if (unit == unit_float) {
        FOR_TYPE(type, pack_rows_typed, rows, width, source, source_stride, packed, stride);
        return;
    }
    const uint16_t *in = source;
    for (int64_t u = 0; u < rows / 2; u++) {
        uint32_t *out = (uint32_t *)packed + u * stride;
        const uint16_t *first = in + 2 * u * source_stride, *second = first + source_stride;
        for (int64_t c = 0; c < width; c++) out[c] = pair_of(first[c], second[c]);
    }
    if (rows % 2 != 0) {
        uint32_t *out = (uint32_t *)packed + rows / 2 * stride;
        for (int64_t c = 0; c < width; c++) out[c] = in[(rows - 1) * source_stride + c];
    }
}

void unpack_rows(int unit, int64_t rows, int64_t width, int type, const void *packed, int64_t stride,
                 void *target, int64_t target_stride) {
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < width; c++) {
            if (unit == unit_pair)
                memcpy((uint16_t *)target + r * target_stride + c,
                       (const uint16_t *)packed + 2 * (r / 2 * stride + c) + r % 2, 2);
            else store_as(type, target, r * target_stride + c, ((const float *)packed)[r * stride + c]);
        }
}

// MARK: products of floats

// A tile of `rows` x `columns` sums, kept in registers. Both are constants where this is inlined.
INLINE void float_tile(int rows, int columns, int64_t units, const float *a, int64_t a_row,
                       int64_t a_unit, const float *b, int64_t b_stride, int accumulate, float *c,
                       int64_t c_stride) {
    typedef float lanes __attribute__((vector_size(64), aligned(4)));
    enum { width = 16 };
    lanes sums[8][4];
    int vectors = columns / width;
    for (int i = 0; i < rows; i++)
        for (int v = 0; v < vectors; v++)
            sums[i][v] = accumulate ? *(const lanes *)(c + i * c_stride + v * width) : (lanes){0};
    for (int64_t u = 0; u < units; u++) {
        lanes right[4];
        for (int v = 0; v < vectors; v++) right[v] = *(const lanes *)(b + u * b_stride + v * width);
        for (int i = 0; i < rows; i++) {
            ANY_ORDER
            lanes left = (lanes){0} + a[i * a_row + u * a_unit];
            for (int v = 0; v < vectors; v++) sums[i][v] += left * right[v];
        }
    }
    for (int i = 0; i < rows; i++)
        for (int v = 0; v < vectors; v++) *(lanes *)(c + i * c_stride + v * width) = sums[i][v];
}

#define FLOAT_ROWS(R)                                                                           \
    case R: float_tile(R, columns, units, a, a_row, a_unit, b, b_stride, accumulate, c, c_stride); break;

INLINE void float_rows(int64_t rows, int columns, int64_t units, const float *a, int64_t a_row,
                       int64_t a_unit, const float *b, int64_t b_stride, int accumulate, float *c,
                       int64_t c_stride) {
    switch (rows) {
        FLOAT_ROWS(1) FLOAT_ROWS(2) FLOAT_ROWS(3) FLOAT_ROWS(4) FLOAT_ROWS(5) FLOAT_ROWS(6)
    }
}

// Columns outside, so that the panel of b stays in the nearest cache while rows go by. A tile is as wide
// as the processor's registers hold sums for 6 rows of.
#define WALK_TILES(widest, one_row_tile)                                                         \
    for (int64_t j = 0; j < n; j += widest) {                                                    \
        int64_t columns = n - j < widest ? (n - j + 15) / 16 * 16 : widest;                      \
        for (int64_t i = 0; i < m; i += 6) {                                                     \
            int64_t rows = m - i < 6 ? m - i : 6;                                                \
            if (widest == 16 || columns == 16) one_row_tile(16);                                 \
            else if (columns == 32) one_row_tile(32);                                            \
            else if (columns == 48) one_row_tile(48);                                            \
            else one_row_tile(64);                                                               \
        }                                                                                        \
    }
#define FLOAT_TILE(columns)                                                                     \
    float_rows(rows, columns, units, a + i * a_row, a_row, a_unit, b + j, b_stride, accumulate, \
               c + i * c_stride + j, c_stride)

// 32 registers of 512 bits.
#if HAS_X86
__attribute__((target("arch=x86-64-v4")))
static void multiply_floats_wide(int64_t m, int64_t n, int64_t units, const float *a, int64_t a_row,
                                 int64_t a_unit, const float *b, int64_t b_stride, int accumulate,
                                 float *c, int64_t c_stride) {
    WALK_TILES(64, FLOAT_TILE)
}

static int has_wide_vectors(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512cd");
}
#endif

// 16 registers of 256 bits, or 32 of 128.
FOR_PROCESSORS("arch=x86-64-v3")
static void multiply_floats_narrow(int64_t m, int64_t n, int64_t units, const float *a, int64_t a_row,
                                   int64_t a_unit, const float *b, int64_t b_stride, int accumulate,
                                   float *c, int64_t c_stride) {
    WALK_TILES(16, FLOAT_TILE)
}

static void multiply_floats(int64_t m, int64_t n, int64_t units, const float *a, int64_t a_row,
                            int64_t a_unit, const float *b, int64_t b_stride, int accumulate,
                            float *c, int64_t c_stride) {
#if HAS_X86
    if (has_wide_vectors()) {
        multiply_floats_wide(m, n, units, a, a_row, a_unit, b, b_stride, accumulate, c, c_stride);
        return;
    }
#endif
    multiply_floats_narrow(m, n, units, a, a_row, a_unit, b, b_stride, accumulate, c, c_stride);
}

// MARK: products of pairs of bfloat16

#if HAS_X86
#define BFLOAT16_TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16")))

BFLOAT16_TARGET INLINE void pair_tile(int rows, int columns, int64_t units, const uint32_t *a,
                                      int64_t a_row, int64_t a_unit, const uint32_t *b,
                                      int64_t b_stride, int accumulate, float *c, int64_t c_stride) {
    __m512 sums[6][4];
    int vectors = columns / 16;
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++)
#pragma clang loop unroll(full)
        for (int v = 0; v < vectors; v++)
            sums[i][v] = accumulate ? _mm512_loadu_ps(c + i * c_stride + v * 16) : _mm512_setzero_ps();
    for (int64_t u = 0; u < units; u++) {
        __m512bh right[4];
#pragma clang loop unroll(full)
        for (int v = 0; v < vectors; v++)
            right[v] = (__m512bh)_mm512_loadu_si512(b + u * b_stride + v * 16);
#pragma clang loop unroll(full)
        for (int i = 0; i < rows; i++) {
            __m512bh left = (__m512bh)_mm512_set1_epi32((int)a[i * a_row + u * a_unit]);
#pragma clang loop unroll(full)
            for (int v = 0; v < vectors; v++) sums[i][v] = _mm512_dpbf16_ps(sums[i][v], left, right[v]);
        }
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++)
#pragma clang loop unroll(full)
        for (int v = 0; v < vectors; v++) _mm512_storeu_ps(c + i * c_stride + v * 16, sums[i][v]);
}

#define PAIR_ROWS(R)                                                                           \
    case R: pair_tile(R, columns, units, a, a_row, a_unit, b, b_stride, accumulate, c, c_stride); break;

BFLOAT16_TARGET INLINE void pair_rows(int64_t rows, int columns, int64_t units, const uint32_t *a,
                                      int64_t a_row, int64_t a_unit, const uint32_t *b,
                                      int64_t b_stride, int accumulate, float *c, int64_t c_stride) {
    switch (rows) { PAIR_ROWS(1) PAIR_ROWS(2) PAIR_ROWS(3) PAIR_ROWS(4) PAIR_ROWS(5) PAIR_ROWS(6) }
}

BFLOAT16_TARGET
static void multiply_pairs(int64_t m, int64_t n, int64_t units, const uint32_t *a, int64_t a_row,
                           int64_t a_unit, const uint32_t *b, int64_t b_stride, int accumulate,
                           float *c, int64_t c_stride) {
#define PAIR_TILE(columns)                                                                     \
    pair_rows(rows, columns, units, a + i * a_row, a_row, a_unit, b + j, b_stride, accumulate, \
              c + i * c_stride + j, c_stride)
    WALK_TILES(64, PAIR_TILE)
}
#endif

void multiply_units(int unit, int64_t m, int64_t n, int64_t units, const void *a, int64_t a_row,
                    int64_t a_unit, const void *b, int64_t b_stride, int accumulate, float *c,
                    int64_t c_stride) {
#if HAS_X86
    if (unit == unit_pair) {
        multiply_pairs(m, n, units, a, a_row, a_unit, b, b_stride, accumulate, c, c_stride);
        return;
    }
#endif
    multiply_floats(m, n, units, a, a_row, a_unit, b, b_stride, accumulate, c, c_stride);
}
