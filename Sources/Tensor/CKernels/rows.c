#include "rows.h"
#include "multiversion.h"

#include <string.h>

void gather_rows_f32(int64_t count, int64_t width, const int32_t *indices, const float *table, float *y) {
    for (int64_t i = 0; i < count; i++)
        memcpy(y + i * width, table + (int64_t)indices[i] * width, (size_t)width * sizeof(float));
}

MULTIVERSIONED
void scatter_add_rows_f32(int64_t count, int64_t width, int64_t first, int64_t last,
                          const int32_t *indices, const float *x, float *table) {
    for (int64_t i = 0; i < count; i++) {
        float *to = table + (int64_t)indices[i] * width;
        const float *from = x + i * width;
        for (int64_t c = first; c < last; c++) to[c] += from[c];
    }
}
