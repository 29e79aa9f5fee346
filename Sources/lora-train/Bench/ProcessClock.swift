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
}
