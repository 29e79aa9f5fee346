#include "thread_pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

enum { maximum_threads = 256, spins_before_sleep = 20000 };

// One loop at a time owns the pool; `entry` is held for as long as it runs.
static pthread_mutex_t entry = PTHREAD_MUTEX_INITIALIZER;

// Sleeping and waking workers.
static pthread_mutex_t state = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER;

static pthread_t workers[maximum_threads];
static int32_t worker_count = 0;
static bool stopping = false;
static _Atomic int32_t size = 1;

// The running loop. `generation` changes when a new one starts.
static _Atomic uint64_t generation = 0;
static void (*loop_body)(void *, int64_t);
static void *loop_context;
static int64_t loop_count;
static _Atomic int64_t next_item;
static _Atomic int32_t workers_inside;

static _Thread_local bool inside_loop = false;

static inline void relax(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static _Atomic int64_t busy_nanoseconds = 0;

static int64_t nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

double thread_pool_busy_seconds(void) { return 1e-9 * (double)atomic_load(&busy_nanoseconds); }

bool is_first_visit_of_thread(void) {
    static _Thread_local bool has_visited = false;
    bool is_first = !has_visited;
    has_visited = true;
    return is_first;
}

static void take_items(void) {
    inside_loop = true;
    int64_t start = nanoseconds();
    for (;;) {
        int64_t i = atomic_fetch_add_explicit(&next_item, 1, memory_order_relaxed);
        if (i >= loop_count) break;
        loop_body(loop_context, i);
    }
    atomic_fetch_add_explicit(&busy_nanoseconds, nanoseconds() - start, memory_order_relaxed);
    inside_loop = false;
}

static void *worker_main(void *start) {
    uint64_t seen = (uint64_t)(uintptr_t)start;
    for (;;) {
        // Loops come in quick succession during a step: a short wait is cheaper than a sleep.
        for (int spin = 0; spin < spins_before_sleep; spin++) {
            if (atomic_load_explicit(&generation, memory_order_acquire) != seen) break;
            relax();
        }
        if (atomic_load_explicit(&generation, memory_order_acquire) == seen) {
            pthread_mutex_lock(&state);
            while (atomic_load_explicit(&generation, memory_order_acquire) == seen)
                pthread_cond_wait(&wake, &state);
            pthread_mutex_unlock(&state);
        }
        seen = atomic_load_explicit(&generation, memory_order_acquire);
        if (stopping) return NULL;
        take_items();
        atomic_fetch_sub_explicit(&workers_inside, 1, memory_order_release);
    }
}

// Starts what the fields above describe on every worker.
static void release_workers(void) {
    atomic_store_explicit(&workers_inside, worker_count, memory_order_relaxed);
    pthread_mutex_lock(&state);
    atomic_fetch_add_explicit(&generation, 1, memory_order_release);
    pthread_cond_broadcast(&wake);
    pthread_mutex_unlock(&state);
}

void thread_pool_resize(int32_t threads) {
    if (threads < 1) threads = 1;
    if (threads > maximum_threads) threads = maximum_threads;
    pthread_mutex_lock(&entry);
    if (threads != worker_count + 1) {
        if (worker_count > 0) {
            stopping = true;
            release_workers();
            for (int32_t i = 0; i < worker_count; i++) pthread_join(workers[i], NULL);
            stopping = false;
            worker_count = 0;
        }
        uint64_t now = atomic_load(&generation);
        for (int32_t i = 0; i < threads - 1; i++) {
            if (pthread_create(&workers[worker_count], NULL, worker_main, (void *)(uintptr_t)now) != 0) break;
            worker_count++;
        }
    }
    atomic_store(&size, worker_count + 1);
    pthread_mutex_unlock(&entry);
}

int32_t thread_pool_size(void) { return atomic_load(&size); }

void parallel_for(int64_t count, void (*body)(void *, int64_t), void *context) {
    if (count <= 0) return;
    if (count == 1 || inside_loop || atomic_load(&size) == 1 || pthread_mutex_trylock(&entry) != 0) {
        for (int64_t i = 0; i < count; i++) body(context, i);
        return;
    }
    loop_body = body;
    loop_context = context;
    loop_count = count;
    atomic_store_explicit(&next_item, 0, memory_order_relaxed);
    release_workers();
    take_items();
    // No item is left; what remains is the items that workers are still at.
    for (int spin = 0; atomic_load_explicit(&workers_inside, memory_order_acquire) > 0; spin++) {
        if (spin < spins_before_sleep) relax();
        else sched_yield();
    }
    pthread_mutex_unlock(&entry);
}
