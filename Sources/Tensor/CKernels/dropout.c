#include "dropout.h"
#include "scalar_types.h"

// Number `index` of the generator (Steele, Lea & Flood 2014), counted from 0.
INLINE uint64_t split_mix(uint64_t seed, uint64_t index) {
    uint64_t z = seed + (index + 1) * 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

enum { block = 512 };

INLINE void masked_typed(int type, int64_t n, uint64_t seed, int64_t first, uint32_t threshold, float kept,
                         float dropped, const void *x, int accumulate, void *y) {
    float factors[block];
    for (int64_t start = 0; start < n; start += block) {
        int64_t count = n - start < block ? n - start : block;
        uint64_t base = (uint64_t)(first + start) / 2;
        for (int64_t i = 0; i < (count + 1) / 2; i++) {
            uint64_t bits = split_mix(seed, base + (uint64_t)i);
            factors[2 * i] = (uint32_t)bits < threshold ? dropped : kept;
            factors[2 * i + 1] = (uint32_t)(bits >> 32) < threshold ? dropped : kept;
        }
        const void *from = advanced(type, x, start);
        void *to = advanced_mutable(type, y, start);
        if (accumulate)
            for (int64_t i = 0; i < count; i++) store_as(type, to, i, load_as(type, to, i) + factors[i] * load_as(type, from, i));
        else
            for (int64_t i = 0; i < count; i++) store_as(type, to, i, factors[i] * load_as(type, from, i));
    }
}

MULTIVERSIONED
void masked_scale(int64_t n, uint64_t seed, int64_t first, uint32_t threshold, float kept, float dropped, int type,
                  const void *x, int accumulate, void *y) {
    FOR_TYPE(type, masked_typed, n, seed, first, threshold, kept, dropped, x, accumulate, y);
}
