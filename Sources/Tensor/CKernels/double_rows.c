#include "double_rows.h"
#include "multiversion.h"

// Rows are taken four by four, so that what is loaded is used four times.
enum { bundle = 4 };

// out[i][j] = x_i . y_j, of few rows: both numbers are constants where this is inlined.
#define DEFINE_DOTS(name, type)                                                                                        \
    INLINE void name(int xs, int ys, int64_t n, const type *x, const double *y, double out[bundle][bundle]) {          \
        ANY_ORDER                                                                                                      \
        double sums[bundle][bundle] = {{0}};                                                                           \
        for (int64_t c = 0; c < n; c++)                                                                                \
            for (int i = 0; i < xs; i++)                                                                               \
                for (int j = 0; j < ys; j++) sums[i][j] += (double)x[i * n + c] * y[j * n + c];                        \
        for (int i = 0; i < xs; i++)                                                                                   \
            for (int j = 0; j < ys; j++) out[i][j] = sums[i][j];                                                       \
    }

// y_j[c] += sum over i of factors[i][j] * x_i[c]
#define DEFINE_ADD(name, type)                                                                                         \
    INLINE void name(int xs, int ys, int64_t n, int64_t first, int64_t last, const type *x,                            \
                     double factors[bundle][bundle], double *y) {                                                      \
        for (int64_t c = first; c < last; c++)                                                                         \
            for (int j = 0; j < ys; j++) {                                                                             \
                double sum = y[j * n + c];                                                                             \
                for (int i = 0; i < xs; i++) sum += factors[i][j] * (double)x[i * n + c];                              \
                y[j * n + c] = sum;                                                                                    \
            }                                                                                                          \
    }

DEFINE_DOTS(double_dots, double)
DEFINE_DOTS(float_dots, float)
DEFINE_ADD(add_doubles, double)
DEFINE_ADD(add_floats, float)

// Calls `function(xs, ys, ...)` with 4 or 1 of each.
#define BY_BUNDLES(xs, ys, function, ...)                                                                              \
    do {                                                                                                               \
        if (xs == bundle && ys == bundle) function(bundle, bundle, __VA_ARGS__);                                       \
        else if (xs == bundle) function(bundle, 1, __VA_ARGS__);                                                       \
        else if (ys == bundle) function(1, bundle, __VA_ARGS__);                                                       \
        else function(1, 1, __VA_ARGS__);                                                                              \
    } while (0)

INLINE int bundle_at(int64_t start, int64_t end) { return end - start >= bundle ? bundle : 1; }

MULTIVERSIONED
void double_row_products(int64_t n, int64_t count, const double *x, int64_t others, const double *y, double *products) {
    double out[bundle][bundle];
    for (int64_t i = 0, xs; i < count; i += xs) {
        xs = bundle_at(i, count);
        for (int64_t j = 0, ys; j < others; j += ys) {
            ys = bundle_at(j, others);
            BY_BUNDLES(xs, ys, double_dots, n, x + i * n, y + j * n, out);
            for (int64_t a = 0; a < xs; a++)
                for (int64_t b = 0; b < ys; b++) products[(i + a) * others + j + b] = out[a][b];
        }
    }
}

MULTIVERSIONED
void add_double_rows(int64_t n, int64_t first, int64_t last, int64_t count, const double *x, const double *factors,
                     int64_t others, double *y) {
    double some[bundle][bundle];
    for (int64_t j = 0, ys; j < others; j += ys) {
        ys = bundle_at(j, others);
        for (int64_t i = 0, xs; i < count; i += xs) {
            xs = bundle_at(i, count);
            for (int64_t a = 0; a < xs; a++)
                for (int64_t b = 0; b < ys; b++) some[a][b] = factors[(i + a) * others + j + b];
            BY_BUNDLES(xs, ys, add_doubles, n, first, last, x + i * n, some, y + j * n);
        }
    }
}

MULTIVERSIONED
void double_rows_times(int64_t n, int64_t first, int64_t last, const float *w, int64_t others, const double *x,
                       int64_t rows, double *y) {
    double out[bundle][bundle];
    for (int64_t r = first, ws; r < last; r += ws) {
        ws = bundle_at(r, last);
        for (int64_t j = 0, xs; j < others; j += xs) {
            xs = bundle_at(j, others);
            BY_BUNDLES(ws, xs, float_dots, n, w + r * n, x + j * n, out);
            for (int64_t a = 0; a < ws; a++)
                for (int64_t b = 0; b < xs; b++) y[(j + b) * rows + r + a] = out[a][b];
        }
    }
}

MULTIVERSIONED
void double_rows_times_gram(int64_t n, int64_t first, int64_t last, const float *w, int64_t others, const double *x,
                            double *y) {
    double out[bundle][bundle];
    for (int64_t r = first, ws; r < last; r += ws) {
        ws = bundle_at(r, last);
        for (int64_t j = 0, xs; j < others; j += xs) {
            xs = bundle_at(j, others);
            BY_BUNDLES(ws, xs, float_dots, n, w + r * n, x + j * n, out);
            BY_BUNDLES(ws, xs, add_floats, n, 0, n, w + r * n, out, y + j * n);
        }
    }
}
