#ifndef PROCESSOR_MASK_H
#define PROCESSOR_MASK_H

#include <stdint.h>

// The processors that the calling thread may run on, and the threads that it starts from now on: bit i of the mask's
// bytes is processor i. False where the system has no such masks, or refuses.
int processor_mask_get(int64_t bytes, uint8_t *mask);
int processor_mask_set(int64_t bytes, const uint8_t *mask);

#endif
