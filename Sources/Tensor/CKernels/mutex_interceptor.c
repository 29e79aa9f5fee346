// Swift's `Mutex` takes and leaves a contended lock in a library that is not instrumented, so that
// ThreadSanitizer would take what such a lock guards for racing. As the sanitizer's own interceptors do for
// the system's libraries, these stand before the two functions, in its builds alone, and tell it.
#include "sanitizers.h"

#if HAS_THREAD_SANITIZER && defined(__linux__)

#define _GNU_SOURCE
#include <dlfcn.h>
#include <sanitizer/tsan_interface.h>
#include <stdint.h>

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context))

#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

SWIFT void intercepted_lock(uint32_t thread, SELF void *mutex) __asm__(LOCK);
SWIFT void intercepted_unlock(SELF void *mutex) __asm__(UNLOCK);

SWIFT void intercepted_lock(uint32_t thread, SELF void *mutex) {
    SWIFT void (*lock)(uint32_t, SELF void *) = dlsym(RTLD_NEXT, LOCK);
    lock(thread, mutex);
    __tsan_acquire(mutex);
}

SWIFT void intercepted_unlock(SELF void *mutex) {
    SWIFT void (*unlock)(SELF void *) = dlsym(RTLD_NEXT, UNLOCK);
    __tsan_release(mutex);
    unlock(mutex);
}

#endif
