// What a process is given at its start, and what of it is put right.
#ifndef PROCESS_H
#define PROCESS_H

#include <stdbool.h>

/// The arguments that `main` gets, the program's name first, and their number. Swift reads its own from /proc, which a
/// sandbox may lack. Null where the C library does not tell them.
char *_Nullable const *_Nullable process_arguments(int *_Nonnull count);

/// Opens the closed ones of the descriptors 0 to 2, so that no file of ours gets the number of a standard stream.
/// Reading and writing them fails as before.
void process_occupy_standard_files(void);

/// Takes away the handlers that Swift's runtime sets where there is a terminal: after a crash they ask there how to go
/// on, and wait for an answer. Where SWIFT_BACKTRACE is set, whoever set it wants them.
void process_reset_crash_handlers(void);

/// Whether the signal is ignored, as whoever started the process may have wanted (nohup, trap '').
bool process_ignores_signal(int number);

#endif
