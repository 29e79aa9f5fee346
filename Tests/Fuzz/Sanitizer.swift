import Foundation

/// Whether the fuzzer was built with AddressSanitizer or ThreadSanitizer, which take memory of their own: addresses by the
/// terabyte, and blocks that were freed are kept for a while.
enum Sanitizer {
    static let isOn = ["__asan_init", "__tsan_init"].contains { (name: String) in
        #if os(Linux)
            dlsym(nil, name) != nil
        #else
            dlsym(UnsafeMutableRawPointer(bitPattern: -2), name) != nil
        #endif
    }
}
