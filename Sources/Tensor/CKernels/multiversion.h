// One source, several processors: each kernel is compiled for the plain instruction set and for
// the wider ones, and the loader picks the best at start. Only on Linux/x86-64, where the
// toolchain has ifuncs; elsewhere the compiler's default target serves. ThreadSanitizer instruments the
// loader's choice as well, which runs before the sanitizer does and crashes: there is one version there.
#ifndef MULTIVERSION_H
#define MULTIVERSION_H

#include "sanitizers.h"

#if defined(__x86_64__) && defined(__linux__) && !HAS_THREAD_SANITIZER
#define MULTIVERSIONED_FOR_X86 1
#define FOR_PROCESSORS(...) __attribute__((target_clones(__VA_ARGS__, "default")))
#else
#define FOR_PROCESSORS(...)
#endif

#define MULTIVERSIONED FOR_PROCESSORS("arch=x86-64-v4", "arch=x86-64-v3")

#define INLINE static inline __attribute__((always_inline))

// Sums may be taken in any order inside the block this stands in, so that they vectorise.
#define ANY_ORDER _Pragma("clang fp reassociate(on) contract(fast)")

#endif
