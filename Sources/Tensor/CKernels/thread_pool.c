#include "thread_pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

enum { maximum_threads = 256 };

// How long a thread looks for work, or for the end of the others', before it sleeps: loops come in
// quick succession during a step, and a short wait is cheaper than a sleep.
enum { spins_before_sleep = 20000 };

// One loop at a time owns the pool; `entry` is held for as long as it runs.
static pthread_mutex_t entry = PTHREAD_MUTEX_INITIALIZER;

// Sleeping and waking: workers wait for `wake`, the loop's caller for `done`.
static pthread_mutex_t sleep_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER;
static pthread_cond_t done = PTHREAD_COND_INITIALIZER;
static _Atomic int32_t sleeping_workers = 0;
static _Atomic bool caller_sleeps = false;

static pthread_t workers[maximum_threads];
static int32_t worker_count = 0;
static _Atomic bool stopping = false;
static _Atomic int32_t size = 1;

// The loop in one word: its number, whether workers may still join, and how many are inside. Only
// workers that have joined are waited for: one that the system has not woken yet costs nobody time.
static _Atomic uint64_t loop_state = 0;
static const uint64_t open_bit = UINT64_C(1) << 32;
static inline uint64_t number_of(uint64_t state) { return state >> 33; }
static inline uint32_t inside(uint64_t state) { return (uint32_t)state; }

// What the loop does; read by threads that have joined it.
static void (*loop_body)(void *, int64_t);
static void *loop_context;
static int64_t loop_count;
static _Atomic int64_t next_item;

static _Thread_local bool inside_loop = false;
static _Atomic int64_t busy_nanoseconds = 0;

static inline void relax(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

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

static void sleep_until_new_loop(uint64_t seen) {
    pthread_mutex_lock(&sleep_lock);
    atomic_fetch_add(&sleeping_workers, 1);
    while (number_of(atomic_load(&loop_state)) == seen) pthread_cond_wait(&wake, &sleep_lock);
    atomic_fetch_sub(&sleeping_workers, 1);
    pthread_mutex_unlock(&sleep_lock);
}

static void leave_loop(void) {
    uint64_t before = atomic_fetch_sub(&loop_state, 1);
    if (inside(before) == 1 && atomic_load(&caller_sleeps)) {
        pthread_mutex_lock(&sleep_lock);
        pthread_cond_signal(&done);
        pthread_mutex_unlock(&sleep_lock);
    }
}

static void *worker_main(void *start) {
    uint64_t seen = (uint64_t)(uintptr_t)start;
    for (;;) {
        for (int spin = 0; spin < spins_before_sleep; spin++) {
            if (number_of(atomic_load_explicit(&loop_state, memory_order_relaxed)) != seen) break;
            relax();
        }
        uint64_t state = atomic_load(&loop_state);
        if (number_of(state) == seen) {
            sleep_until_new_loop(seen);
            continue;
        }
        if (atomic_load(&stopping)) return NULL;
        if (!(state & open_bit)) {
            seen = number_of(state);
        } else if (atomic_compare_exchange_weak(&loop_state, &state, state + 1)) {
            seen = number_of(state);
            take_items();
            leave_loop();
        }
    }
}

// Shows workers a new loop, which they may join where it is open.
static void announce_loop(bool is_open) {
    uint64_t number = number_of(atomic_load(&loop_state)) + 1;
    atomic_store(&loop_state, number << 33 | (is_open ? open_bit : 0));
    if (atomic_load(&sleeping_workers) > 0) {
        pthread_mutex_lock(&sleep_lock);
        pthread_cond_broadcast(&wake);
        pthread_mutex_unlock(&sleep_lock);
    }
}

static void wait_for_workers(void) {
    for (int spin = 0; spin < spins_before_sleep; spin++) {
        if (inside(atomic_load_explicit(&loop_state, memory_order_acquire)) == 0) return;
        relax();
    }
    pthread_mutex_lock(&sleep_lock);
    atomic_store(&caller_sleeps, true);
    while (inside(atomic_load(&loop_state)) > 0) pthread_cond_wait(&done, &sleep_lock);
    atomic_store(&caller_sleeps, false);
    pthread_mutex_unlock(&sleep_lock);
}

void thread_pool_resize(int32_t threads) {
    if (threads < 1) threads = 1;
    if (threads > maximum_threads) threads = maximum_threads;
    pthread_mutex_lock(&entry);
    if (threads != worker_count + 1) {
        if (worker_count > 0) {
            atomic_store(&stopping, true);
            announce_loop(false);
            for (int32_t i = 0; i < worker_count; i++) pthread_join(workers[i], NULL);
            atomic_store(&stopping, false);
            worker_count = 0;
        }
        uint64_t now = number_of(atomic_load(&loop_state));
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
        bool was_inside = inside_loop;
        int64_t start = was_inside ? 0 : nanoseconds();
        inside_loop = true;
        for (int64_t i = 0; i < count; i++) body(context, i);
        inside_loop = was_inside;
        if (!was_inside)
            atomic_fetch_add_explicit(&busy_nanoseconds, nanoseconds() - start, memory_order_relaxed);
        return;
    }
    loop_body = body;
    loop_context = context;
    loop_count = count;
    atomic_store_explicit(&next_item, 0, memory_order_relaxed);
    announce_loop(true);
    take_items();
    // No item is left; what remains is the items that workers are still at.
    atomic_fetch_and(&loop_state, ~open_bit);
    wait_for_workers();
    pthread_mutex_unlock(&entry);
}
