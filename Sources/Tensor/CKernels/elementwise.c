#include "elementwise.h"
#include "scalar_types.h"

INLINE void add_typed(int type, int64_t n, const float *a, const void *b, float *y) {
    for (int64_t i = 0; i < n; i++) y[i] = a[i] + load_as(type, b, i);
}

MULTIVERSIONED
void add_f32(int64_t n, const float *a, int type, const void *b, float *y) {
    FOR_TYPE(type, add_typed, n, a, b, y);
}

INLINE void accumulate_typed(int type, int64_t n, float s, const void *x, float *y) {
    for (int64_t i = 0; i < n; i++) y[i] += s * load_as(type, x, i);
}

MULTIVERSIONED
void accumulate_f32(int64_t n, float s, int type, const void *x, float *y) {
    FOR_TYPE(type, accumulate_typed, n, s, x, y);
}

INLINE void scale_typed(int type, int64_t n, float s, const void *x, void *y) {
    for (int64_t i = 0; i < n; i++) store_as(type, y, i, s * load_as(type, x, i));
}

MULTIVERSIONED
void scale_values(int64_t n, int type, float s, const void *x, void *y) {
    FOR_TYPE(type, scale_typed, n, s, x, y);
}

INLINE void multiply_typed(int type, int64_t n, const void *a, const void *b, void *y) {
    for (int64_t i = 0; i < n; i++) store_as(type, y, i, load_as(type, a, i) * load_as(type, b, i));
}

MULTIVERSIONED
void multiply_values(int64_t n, int type, const void *a, const void *b, void *y) {
    FOR_TYPE(type, multiply_typed, n, a, b, y);
}

INLINE void widen(int from, int64_t n, const void *x, float *y) {
    for (int64_t i = 0; i < n; i++) y[i] = load_as(from, x, i);
}

INLINE void narrow(int to, int64_t n, const float *x, void *y) {
    for (int64_t i = 0; i < n; i++) store_as(to, y, i, x[i]);
}

MULTIVERSIONED
void convert_values(int64_t n, int from, const void *x, int to, void *y) {
    if (from == to) {
        if (x != y) memcpy(y, x, (size_t)(n * size_of_type(from)));
    } else if (to == 0) {
        FOR_TYPE(from, widen, n, x, y);
    } else if (from == 0) {
        FOR_TYPE(to, narrow, n, x, y);
    } else {
        for (int64_t i = 0; i < n; i++) store_as(to, y, i, load_as(from, x, i));
    }
}

// Values that are passed are looked at in blocks, without a branch for each.
INLINE int64_t first_beyond_typed(int type, int64_t n, uint32_t limit, const void *x) {
    enum { block = 1024 };
    for (int64_t first = 0; first < n; first += block) {
        int64_t end = first + block < n ? first + block : n;
        uint32_t largest = 0;
        for (int64_t i = first; i < end; i++) {
            uint32_t magnitude = bits_of(load_as(type, x, i)) & 0x7FFFFFFFu;
            largest = magnitude > largest ? magnitude : largest;
        }
        if (largest < limit) continue;
        for (int64_t i = first; i < end; i++)
            if ((bits_of(load_as(type, x, i)) & 0x7FFFFFFFu) >= limit) return i;
    }
    return n;
}

MULTIVERSIONED
int64_t first_beyond(int64_t n, float limit, int type, const void *x) {
    uint32_t bits = bits_of(limit);
    if (type == 0) return first_beyond_typed(0, n, bits, x);
    if (type == 1) return first_beyond_typed(1, n, bits, x);
    return first_beyond_typed(2, n, bits, x);
}

INLINE void store_rows_typed(int type, int64_t rows, int64_t width, const float *x, int64_t stride,
                             int accumulate, void *y, int64_t y_stride) {
    for (int64_t r = 0; r < rows; r++) {
        const float *from = x + r * stride;
        void *to = advanced_mutable(type, y, r * y_stride);
        if (accumulate)
            for (int64_t c = 0; c < width; c++) store_as(type, to, c, load_as(type, to, c) + from[c]);
        else
            for (int64_t c = 0; c < width; c++) store_as(type, to, c, from[c]);
    }
}

MULTIVERSIONED
void store_rows(int64_t rows, int64_t width, const float *x, int64_t stride, int accumulate, int type,
                void *y, int64_t y_stride) {
    FOR_TYPE(type, store_rows_typed, rows, width, x, stride, accumulate, y, y_stride);
}

MULTIVERSIONED
void round_f32(int64_t n, int type, const float *x, float *y) {
    if (type == 1) {
        for (int64_t i = 0; i < n; i++) y[i] = round_bfloat16(x[i]);
    } else if (type == 2) {
        for (int64_t i = 0; i < n; i++) y[i] = round_float16(x[i]);
    } else if (x != y) {
        memcpy(y, x, (size_t)n * sizeof(float));
    }
}

MULTIVERSIONED
double sum_of_squares_f32(int64_t n, const float *x) {
    ANY_ORDER
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += (double)x[i] * (double)x[i];
    return sum;
}
