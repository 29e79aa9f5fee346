#ifndef DEQUANTIZE_H
#define DEQUANTIZE_H

#include <stdint.h>

// Types: 0 float32, 1 bfloat16, 2 float16.

// Writes the values of blocks that lie one behind the other, rounded to the type. Formats by ggml's
// numbers: 2 Q4_0, 3 Q4_1, 6 Q5_0, 7 Q5_1, 8 Q8_0, 20 IQ4_NL, 39 MXFP4 (32 values a block), 10 Q2_K, 11 Q3_K, 12 Q4_K,
// 13 Q5_K, 14 Q6_K, 23 IQ4_XS, 34 TQ1_0, 35 TQ2_0 (256).
void dequantize_blocks(int64_t blocks, int format, const void *x, int type, void *y);
// Blocks of 32 values of the type as Q8_0: y has 34 bytes a block. A block with a NaN or an infinity
// becomes one of NaNs.
void quantize_q8_0(int64_t blocks, int type, const void *x, void *y);

#endif
