#include "memory_checks.h"

#include "sanitizers.h"

#if HAS_ADDRESS_SANITIZER

#include <sanitizer/asan_interface.h>
#include <string.h>

void memory_is_taken(void *block, int64_t bytes, int64_t size) {
    ASAN_UNPOISON_MEMORY_REGION(block, (size_t)bytes);
    // Not a number in every type of float, so that what is read before it is written shows in results.
    memset(block, 0xFF, (size_t)bytes);
    ASAN_POISON_MEMORY_REGION((char *)block + bytes, (size_t)(size - bytes));
}

void memory_is_kept(void *block, int64_t size) { ASAN_POISON_MEMORY_REGION(block, (size_t)size); }

void memory_is_released(void *block, int64_t size) { ASAN_UNPOISON_MEMORY_REGION(block, (size_t)size); }

#else

void memory_is_taken(void *block, int64_t bytes, int64_t size) {}
void memory_is_kept(void *block, int64_t size) {}
void memory_is_released(void *block, int64_t size) {}

#endif
