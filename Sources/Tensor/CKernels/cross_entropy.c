#include "cross_entropy.h"
#include "scalar_types.h"

#include <math.h>

// Beside a large sum small terms are lost, and of a vocabulary they make up 1e-4 of the whole. So runs of terms are
// summed by themselves, and the runs in double.
enum { RUN = 512 };

INLINE void forward_typed(int type, int64_t rows, int64_t width, const int32_t *targets,
                          const void *logits, float *losses) {
    for (int64_t r = 0; r < rows; r++) {
        const void *x = advanced(type, logits, r * width);
        float top = largest_typed(type, width, x);
        double sum = 0;
        for (int64_t start = 0; start < width; start += RUN) {
            int64_t end = start + RUN < width ? start + RUN : width;
            float run = 0;
            {
                ANY_ORDER
                for (int64_t j = start; j < end; j++) run += exp_f32(load_as(type, x, j) - top);
            }
            sum += run;
        }
        losses[r] = (float)(log(sum) - (load_as(type, x, targets[r]) - top));
    }
}

MULTIVERSIONED
void cross_entropy_forward(int64_t rows, int64_t width, const int32_t *targets, int type,
                           const void *logits, float *losses) {
    FOR_TYPE(type, forward_typed, rows, width, targets, logits, losses);
}

INLINE void gradient_typed(int type, int64_t rows, int64_t width, const float *scales,
                           const int32_t *targets, void *logits, float *e, float *losses) {
    for (int64_t r = 0; r < rows; r++) {
        void *x = advanced_mutable(type, logits, r * width);
        float top = largest_typed(type, width, x);
        float at_target = load_as(type, x, targets[r]) - top;
        double sum = 0;
        for (int64_t start = 0; start < width; start += RUN) {
            int64_t end = start + RUN < width ? start + RUN : width;
            float run = 0;
            {
                ANY_ORDER
                for (int64_t j = start; j < end; j++) {
                    e[j] = exp_f32(load_as(type, x, j) - top);
                    run += e[j];
                }
            }
            sum += run;
        }
        losses[r] = (float)(log(sum) - at_target);
        float factor = (float)(scales[r] / sum);
        float at = e[targets[r]] * factor - scales[r];
        for (int64_t j = 0; j < width; j++) store_as(type, x, j, e[j] * factor);
        store_as(type, x, targets[r], at);
    }
}

MULTIVERSIONED
void cross_entropy_with_gradient(int64_t rows, int64_t width, const float *scales,
                                 const int32_t *targets, int type, void *logits, float *scratch,
                                 float *losses) {
    FOR_TYPE(type, gradient_typed, rows, width, scales, targets, logits, scratch, losses);
}

INLINE void capped_forward_typed(int type, int64_t rows, int64_t width, float cap, const int32_t *targets,
                                 const void *logits, float *capped, float *losses) {
    for (int64_t r = 0; r < rows; r++) {
        const void *x = advanced(type, logits, r * width);
        for (int64_t j = 0; j < width; j++) {
            float slope;
            soft_cap_f32(load_as(type, x, j), cap, capped + j, &slope);
        }
        forward_typed(0, 1, width, targets + r, capped, losses + r);
    }
}

MULTIVERSIONED
void capped_cross_entropy_forward(int64_t rows, int64_t width, float cap, const int32_t *targets, int type,
                                  const void *logits, float *scratch, float *losses) {
    FOR_TYPE(type, capped_forward_typed, rows, width, cap, targets, logits, scratch, losses);
}

INLINE void capped_gradient_typed(int type, int64_t rows, int64_t width, float cap, const float *scales,
                                  const int32_t *targets, void *logits, float *scratch, float *losses) {
    float *capped = scratch + width, *slopes = capped + width;
    for (int64_t r = 0; r < rows; r++) {
        void *x = advanced_mutable(type, logits, r * width);
        for (int64_t j = 0; j < width; j++) soft_cap_f32(load_as(type, x, j), cap, capped + j, slopes + j);
        gradient_typed(0, 1, width, scales + r, targets + r, capped, scratch, losses + r);
        for (int64_t j = 0; j < width; j++) store_as(type, x, j, capped[j] * slopes[j]);
    }
}

MULTIVERSIONED
void capped_cross_entropy_with_gradient(int64_t rows, int64_t width, float cap, const float *scales,
                                        const int32_t *targets, int type, void *logits, float *scratch,
                                        float *losses) {
    FOR_TYPE(type, capped_gradient_typed, rows, width, cap, scales, targets, logits, scratch, losses);
}
