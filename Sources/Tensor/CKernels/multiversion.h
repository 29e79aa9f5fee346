// One source, several processors: each kernel is compiled for the plain instruction set and for
// the wider ones, and the loader picks the best at start. Only on Linux/x86-64, where the
// toolchain has ifuncs; elsewhere the compiler's default target serves.
#ifndef MULTIVERSION_H
#define MULTIVERSION_H

#if defined(__x86_64__) && defined(__linux__)
#define MULTIVERSIONED \
    __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define MULTIVERSIONED
#endif

#define INLINE static inline __attribute__((always_inline))

// Sums may be taken in any order inside the block this stands in, so that they vectorise.
#define ANY_ORDER _Pragma("clang fp reassociate(on) contract(fast)")

#endif
