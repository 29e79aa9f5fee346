import Foundation

/// The sanitizer that the tests and the fuzzer were built with (`make asan`, `make tsan`), and what they allow for under it.
public enum Sanitizer {
    /// Whether there is one. It is part of the process, so it is asked for by name.
    public static let isOn = has("__asan_init") || has("__tsan_init")

    /// Whether it looks for accesses that nothing orders.
    public static let isOfThreads = has("__tsan_init")

    /// How many times as large the frames of functions are.
    public static let stackFactor = isOn ? 8 : 1

    /// Why a test of memory is skipped.
    public static let memory = "a sanitizer takes memory of its own, for shadows and for what was freed"

    private static func has(_ name: String) -> Bool {
        #if os(Linux)
            dlsym(nil, name) != nil
        #else
            dlsym(UnsafeMutableRawPointer(bitPattern: -2), name) != nil
        #endif
    }
}
