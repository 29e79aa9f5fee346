#ifndef ROPE_H
#define ROPE_H

#include <stdint.h>

// Rotates the first `turned` values of each head of each row by its position's angles and copies the others: rows of
// heads * head_width values of the type (0 float32, 1 bfloat16, 2 float16), tables cosine and sine
// [positions, turned / 2]. Pair j of a head is (2j, 2j + 1) when interleaved, else (j, j + turned / 2). direction is 1 to
// rotate, -1 to rotate back (the gradient).
void rope_rotate(int64_t rows, int64_t heads, int64_t head_width, int64_t turned, int interleaved, float direction,
                 const int32_t *positions, const float *cosine, const float *sine, int type,
                 const void *x, void *y);

#endif
