#ifndef KERNEL_VERSION_H
#define KERNEL_VERSION_H

// Which version of the inner loops runs on this processor: 3 or 4 for the one of x86-64-v3 (AVX2) or x86-64-v4 (AVX-512),
// 0 for the compiler's own target, which is all there is on other processors.
int kernel_version(void);

#endif
