#include "rows.h"
#include "scalar_types.h"

void gather_rows(int64_t count, int64_t bytes, const int32_t *indices, const void *table, void *y) {
    for (int64_t i = 0; i < count; i++)
        memcpy((char *)y + i * bytes, (const char *)table + (int64_t)indices[i] * bytes, (size_t)bytes);
}

void copy_rows(int64_t count, int64_t bytes, const void *x, int64_t stride, void *y) {
    for (int64_t i = 0; i < count; i++) memcpy((char *)y + i * bytes, (const char *)x + i * stride, (size_t)bytes);
}

INLINE void scatter_typed(int type, int64_t count, int64_t width, int64_t first, int64_t last,
                          const int32_t *indices, const void *x, float *table) {
    for (int64_t i = 0; i < count; i++) {
        float *to = table + (int64_t)indices[i] * width;
        const void *from = advanced(type, x, i * width);
        for (int64_t c = first; c < last; c++) to[c] += load_as(type, from, c);
    }
}

MULTIVERSIONED
void scatter_add_rows_f32(int64_t count, int64_t width, int64_t first, int64_t last,
                          const int32_t *indices, int type, const void *x, float *table) {
    FOR_TYPE(type, scatter_typed, count, width, first, last, indices, x, table);
}

INLINE void weighted_typed(int type, int64_t count, int64_t terms, int64_t width, const void *const *rows,
                           const float *weights, float *y) {
    for (int64_t i = 0; i < count; i++) {
        float *to = y + i * width;
        for (int64_t c = 0; c < width; c++) to[c] = 0;
        for (int64_t t = 0; t < terms; t++) {
            const void *from = rows[i * terms + t];
            float weight = weights[i * terms + t];
            for (int64_t c = 0; c < width; c++) to[c] += weight * load_as(type, from, c);
        }
    }
}

MULTIVERSIONED
void weighted_row_sums(int64_t count, int64_t terms, int64_t width, int type, const void *const *rows,
                       const float *weights, float *y) {
    FOR_TYPE(type, weighted_typed, count, terms, width, rows, weights, y);
}

INLINE void weighted_backward_typed(int type, int64_t count, int64_t terms, int64_t width, const void *const *rows,
                                    const float *weights, const float *dy, void *const *drows, float *dweights) {
    for (int64_t i = 0; i < count * terms; i++) {
        const float *g = dy + i / terms * width;
        const void *from = rows[i];
        void *to = drows[i];
        float dot = 0;
        {
            ANY_ORDER
            for (int64_t c = 0; c < width; c++) dot += g[c] * load_as(type, from, c);
        }
        dweights[i] = dot;
        for (int64_t c = 0; c < width; c++) store_as(type, to, c, weights[i] * g[c]);
    }
}

MULTIVERSIONED
void weighted_row_sums_backward(int64_t count, int64_t terms, int64_t width, int type, const void *const *rows,
                                const float *weights, const float *dy, void *const *drows, float *dweights) {
    FOR_TYPE(type, weighted_backward_typed, count, terms, width, rows, weights, dy, drows, dweights);
}
