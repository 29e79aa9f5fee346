#include "columns.h"
#include "scalar_types.h"

INLINE void scale_columns_typed(int type, int64_t rows, int64_t width, const void *x, const float *factors, void *y) {
    for (int64_t r = 0; r < rows; r++) {
        const void *from = advanced(type, x, r * width);
        void *to = advanced_mutable(type, y, r * width);
        for (int64_t c = 0; c < width; c++) store_as(type, to, c, factors[c] * load_as(type, from, c));
    }
}

MULTIVERSIONED
void scale_columns(int64_t rows, int64_t width, int type, const void *x, const float *factors, void *y) {
    FOR_TYPE(type, scale_columns_typed, rows, width, x, factors, y);
}

INLINE void column_products_typed(int type, int64_t rows, int64_t width, int64_t first, int64_t last, const void *a,
                                  const void *b, float *sums) {
    for (int64_t c = first; c < last; c++) sums[c] = 0;
    for (int64_t r = 0; r < rows; r++) {
        const void *left = advanced(type, a, r * width), *right = advanced(type, b, r * width);
        for (int64_t c = first; c < last; c++) sums[c] += load_as(type, left, c) * load_as(type, right, c);
    }
}

MULTIVERSIONED
void column_products(int64_t rows, int64_t width, int64_t first, int64_t last, int type, const void *a,
                     const void *b, float *sums) {
    FOR_TYPE(type, column_products_typed, rows, width, first, last, a, b, sums);
}

INLINE void column_sums_typed(int type, int64_t rows, int64_t width, int64_t first, int64_t last, const void *x, float *sums) {
    for (int64_t r = 0; r < rows; r++) {
        const void *from = advanced(type, x, r * width);
        for (int64_t c = first; c < last; c++) sums[c] += load_as(type, from, c);
    }
}

MULTIVERSIONED
void column_sums(int64_t rows, int64_t width, int64_t first, int64_t last, int type, const void *x, float *sums) {
    FOR_TYPE(type, column_sums_typed, rows, width, first, last, x, sums);
}

INLINE void add_at_columns_typed(int type, int64_t rows, int64_t width, int64_t count, const int32_t *columns, const float *values,
                                 void *x) {
    for (int64_t r = 0; r < rows; r++) {
        void *row = advanced_mutable(type, x, r * width);
        for (int64_t j = 0; j < count; j++) store_as(type, row, columns[j], load_as(type, row, columns[j]) + values[r * count + j]);
    }
}

void add_at_columns(int64_t rows, int64_t width, int64_t count, const int32_t *columns, const float *values, int type, void *x) {
    FOR_TYPE(type, add_at_columns_typed, rows, width, count, columns, values, x);
}

INLINE void take_columns_typed(int type, int64_t rows, int64_t width, int64_t count, const int32_t *columns, const void *x,
                               float *values) {
    for (int64_t r = 0; r < rows; r++) {
        const void *row = advanced(type, x, r * width);
        for (int64_t j = 0; j < count; j++) values[r * count + j] = load_as(type, row, columns[j]);
    }
}

void take_columns(int64_t rows, int64_t width, int64_t count, const int32_t *columns, int type, const void *x, float *values) {
    FOR_TYPE(type, take_columns_typed, rows, width, count, columns, x, values);
}
