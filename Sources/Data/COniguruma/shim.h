#include <oniguruma.h>
#include <stddef.h>

// Swift imports neither the macros nor, safely, the library's variables. These are the two calls that need them.

/// Compiles a pattern of UTF-8 in the library's own syntax. `message` has room for ONIG_MAX_ERROR_MESSAGE_LEN characters.
static inline int onig_utf8_new(OnigRegex *regex, const unsigned char *pattern, size_t length, unsigned char *message) {
    OnigErrorInfo info;
    int result = onig_new(regex, pattern, pattern + length, ONIG_OPTION_NONE, ONIG_ENCODING_UTF8, OnigDefaultSyntax, &info);
    if (result != ONIG_NORMAL) onig_error_code_to_str(message, result, &info);
    return result;
}

/// The start of the first match at or after an index, whose groups are in the region; ONIG_MISMATCH or an error's code.
static inline int onig_utf8_search(
    OnigRegex regex, const unsigned char *text, size_t length, size_t start, OnigRegion *region, OnigMatchParam *limits) {
    return onig_search_with_param(
        regex, text, text + length, text + start, text + length, region, ONIG_OPTION_NONE, limits);
}

/// Makes the library ready for UTF-8.
static inline int onig_utf8_initialize(void) {
    OnigEncoding encodings[] = {ONIG_ENCODING_UTF8};
    return onig_initialize(encodings, 1);
}
