#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

static int argument_count;
static char **arguments;

#if defined(__GLIBC__) || defined(__APPLE__)
// These C libraries hand main's arguments to whatever runs before it.
__attribute__((constructor)) static void note_arguments(int count, char **values) {
    argument_count = count;
    arguments = values;
}
#endif

char *const *process_arguments(int *count) {
    *count = argument_count;
    return arguments;
}

void process_occupy_standard_files(void) {
    for (int file = 0; file < 3; file++) {
        if (fcntl(file, F_GETFD) != -1 || errno != EBADF) continue;
        // The lowest free number is taken, which is this one. Opened the wrong way round, so that nothing that is
        // written passes for written.
        if (open("/dev/null", file == 0 ? O_WRONLY : O_RDONLY) < 0) (void)open("/", O_RDONLY);
    }
}

bool process_ignores_signal(int number) {
    struct sigaction action;
    return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

// Sanitizers report crashes by handlers of their own.
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAS_SANITIZER 1
#endif
#endif

void process_reset_crash_handlers(void) {
    // SIGQUIT is no crash of ours: Ctrl-\ ends the process.
    if (!process_ignores_signal(SIGQUIT)) signal(SIGQUIT, SIG_DFL);
#ifndef HAS_SANITIZER
    if (getenv("SWIFT_BACKTRACE")) return;
    static const int crashes[] = {SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP};
    for (size_t i = 0; i < sizeof crashes / sizeof crashes[0]; i++) {
        if (!process_ignores_signal(crashes[i])) signal(crashes[i], SIG_DFL);
    }
#endif
}
