// Which sanitizer this is compiled with, if any.
#ifndef SANITIZERS_H
#define SANITIZERS_H

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_ADDRESS_SANITIZER 1
#elif __has_feature(thread_sanitizer)
#define HAS_THREAD_SANITIZER 1
#endif
#endif

#endif
