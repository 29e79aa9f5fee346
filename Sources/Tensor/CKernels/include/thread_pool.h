#ifndef THREAD_POOL_H
#define THREAD_POOL_H

#include <stdbool.h>
#include <stdint.h>

// Sets how many threads share the work, the caller's among them (at least 1, at most 256).
// Waits for a running loop to end. Not to be called from inside a loop.
void thread_pool_resize(int32_t threads);

// The number of threads that share the work.
int32_t thread_pool_size(void);

// Calls body(context, i) once for every i in 0 ..< count and returns when all have returned.
// Items are handed out one by one, so uneven ones balance; which thread runs which is not
// determined. Called inside a loop, or while another thread's loop runs, the items run on the
// calling thread alone.
void parallel_for(int64_t count, void (*body)(void *context, int64_t index), void *context);

// Whether the calling thread calls this for the first time.
bool is_first_visit_of_thread(void);

// The time, in seconds, that all threads together have spent inside of loops' items so far.
double thread_pool_busy_seconds(void);

#endif
