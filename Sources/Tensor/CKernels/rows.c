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
