#ifndef MEMORY_CHECKS_H
#define MEMORY_CHECKS_H

#include <stdint.h>

// What AddressSanitizer cannot know by itself of memory that is kept for the next who asks; nothing in builds
// without it.

// The first `bytes` of a block are somebody's, with contents that are no numbers; the rest up to `size` is nobody's.
void memory_is_taken(void *block, int64_t bytes, int64_t size);

// Nobody may touch a block.
void memory_is_kept(void *block, int64_t size);

// A block goes back to the system.
void memory_is_released(void *block, int64_t size);

#endif
