#include "kernel_version.h"

#include "multiversion.h"

int kernel_version(void) {
#if defined(MULTIVERSIONED_FOR_X86)
    __builtin_cpu_init();
    return __builtin_cpu_supports("x86-64-v4") ? 4 : __builtin_cpu_supports("x86-64-v3") ? 3 : 0;
#else
    return 0;
#endif
}
