import Foundation

/// The time since the command began, and its memory.
enum ProcessClock {
    private static let start = ContinuousClock.now

    /// To be called first of all.
    static func begin() { _ = start }

    /// Wall time since ``begin()``, in seconds.
    static var seconds: Double { (ContinuousClock.now - start) / .seconds(1) }

    /// The most memory that the process has had, in bytes.
    static var peakMemory: Int {
        // Linux counts what the parent had when it started this process into `ru_maxrss`; the high-water mark of the
        // memory itself begins with the program.
        if let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
            let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
            let kilobytes = Int(line.filter(\.isNumber))
        {
            return kilobytes * 1024
        }
        var usage = rusage()
        #if canImport(Glibc)
            getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
            return usage.ru_maxrss * 1024
        #else
            getrusage(RUSAGE_SELF, &usage)
            return usage.ru_maxrss
        #endif
    }
    /// The memory that the process holds now, in bytes; `nil` where the system does not say. Quick to ask.
    static var memory: Int? {
        #if canImport(Darwin)
            var info = mach_task_basic_info()
            var count = mach_msg_type_number_t(MemoryLayout<mach_task_basic_info>.size / MemoryLayout<natural_t>.size)
            let status = withUnsafeMutablePointer(to: &info) {
                $0.withMemoryRebound(to: integer_t.self, capacity: Int(count)) {
                    task_info(mach_task_self_, task_flavor_t(MACH_TASK_BASIC_INFO), $0, &count)
                }
            }
            return status == KERN_SUCCESS ? Int(info.resident_size) : nil
        #else
            // Pages: all, resident, shared, and so on.
            let file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
            guard file >= 0 else { return nil }
            defer { close(file) }
            var bytes = [UInt8](repeating: 0, count: 128)
            let count = read(file, &bytes, bytes.count)
            let words = bytes.prefix(max(count, 0)).split(separator: UInt8(ascii: " "))
            guard words.count > 1, let pages = Int(String(decoding: words[words.startIndex + 1], as: UTF8.self)) else { return nil }
            return pages * sysconf(Int32(_SC_PAGESIZE))
        #endif
    }
}
