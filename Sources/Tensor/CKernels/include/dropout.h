#ifndef DROPOUT_H
#define DROPOUT_H

#include <stdint.h>

// y = f * x, or y += f * x, both of the type (0 float32, 1 bfloat16, 2 float16), where f is `dropped` for the values
// that a mask leaves out and `kept` for the others. Value first + i is left out where its 32 bits are below the
// threshold: number (first + i) / 2 of SplitMix64 from the seed, its lower half for an even place and its upper half
// for an odd one. `first` is even.
void masked_scale(int64_t n, uint64_t seed, int64_t first, uint32_t threshold, float kept, float dropped, int type,
                  const void *x, int accumulate, void *y);

#endif
