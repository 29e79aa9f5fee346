#if defined(__linux__)
#define _GNU_SOURCE
#include <sched.h>
#endif

#include "processor_mask.h"

#include <string.h>

#if defined(__linux__)

// The system's mask is of words, in which a byte's place depends on the order of bytes; ours is of bytes.
static int is_set(const uint8_t *mask, int64_t processor) { return mask[processor / 8] >> processor % 8 & 1; }

int processor_mask_get(int64_t bytes, uint8_t *mask) {
    cpu_set_t *set = CPU_ALLOC(8 * bytes);
    if (!set) return 0;
    size_t size = CPU_ALLOC_SIZE(8 * bytes);
    CPU_ZERO_S(size, set);
    int is_done = sched_getaffinity(0, size, set) == 0;
    memset(mask, 0, (size_t)bytes);
    for (int64_t i = 0; is_done && i < 8 * bytes; i++)
        if (CPU_ISSET_S((size_t)i, size, set)) mask[i / 8] |= (uint8_t)(1 << i % 8);
    CPU_FREE(set);
    return is_done;
}

int processor_mask_set(int64_t bytes, const uint8_t *mask) {
    cpu_set_t *set = CPU_ALLOC(8 * bytes);
    if (!set) return 0;
    size_t size = CPU_ALLOC_SIZE(8 * bytes);
    CPU_ZERO_S(size, set);
    for (int64_t i = 0; i < 8 * bytes; i++)
        if (is_set(mask, i)) CPU_SET_S((size_t)i, size, set);
    int is_done = sched_setaffinity(0, size, set) == 0;
    CPU_FREE(set);
    return is_done;
}

#else

int processor_mask_get(int64_t bytes, uint8_t *mask) {
    memset(mask, 0, (size_t)bytes);
    return 0;
}

int processor_mask_set(int64_t bytes, const uint8_t *mask) {
    (void)bytes, (void)mask;
    return 0;
}

#endif
