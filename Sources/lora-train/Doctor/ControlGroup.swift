/// What a container, or whoever else made a control group, lets the process have of the machine.
struct ControlGroup {
    /// Processors that compute at a time, such as 1.5; `nil` without a limit.
    private(set) var processors: Double?
    /// Bytes; `nil` without a limit.
    private(set) var memory: Int?
    /// Bytes of the limit that are left, counting as left what the system can drop.
    private(set) var availableMemory: Int?

    init(_ files: SystemFiles) {
        for line in files.text("/proc/self/cgroup")?.split(separator: "\n") ?? [] {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 3 else { continue }
            // Limits hold for all groups below too. In a container the path may be that outside of it, whose files are not seen.
            for path in Self.prefixes(parts[2]) {
                if parts[1].isEmpty {
                    readUnified(files, "/sys/fs/cgroup\(path)")
                    continue
                }
                let controllers = parts[1].split(separator: ",")
                if controllers.contains("memory") { readMemory(files, "/sys/fs/cgroup/memory\(path)") }
                if controllers.contains("cpu") {
                    for mount in Set(["cpu", parts[1]]) { readProcessors(files, "/sys/fs/cgroup/\(mount)\(path)") }
                }
            }
        }
    }

    /// `/a/b` makes "", "/a" and "/a/b".
    private static func prefixes(_ path: String) -> [String] {
        path.split(separator: "/").reduce(into: [""]) { $0.append($0[$0.count - 1] + "/" + $1) }
    }

    /// Version 2.
    private mutating func readUnified(_ files: SystemFiles, _ folder: String) {
        if let words = files.word(folder + "/cpu.max")?.split(separator: " "), words.count == 2, let quota = Double(words[0]),
            let period = Double(words[1]), period > 0
        {
            limit(processors: quota / period)
        }
        if let limit = files.word(folder + "/memory.max").flatMap({ Int($0) }) {
            self.limit(
                memory: limit, used: files.word(folder + "/memory.current"),
                droppable: files.field("inactive_file", of: folder + "/memory.stat"))
        }
    }

    /// Version 1.
    private mutating func readMemory(_ files: SystemFiles, _ folder: String) {
        // Without a limit there stands a number that no machine has.
        if let limit = files.word(folder + "/memory.limit_in_bytes").flatMap({ Int($0) }), limit < 1 << 60 {
            self.limit(
                memory: limit, used: files.word(folder + "/memory.usage_in_bytes"),
                droppable: files.field("total_inactive_file", of: folder + "/memory.stat"))
        }
    }

    /// Version 1.
    private mutating func readProcessors(_ files: SystemFiles, _ folder: String) {
        if let quota = files.word(folder + "/cpu.cfs_quota_us").flatMap({ Double($0) }), quota > 0,
            let period = files.word(folder + "/cpu.cfs_period_us").flatMap({ Double($0) }), period > 0
        {
            limit(processors: quota / period)
        }
    }

    private mutating func limit(processors count: Double) { processors = min(processors ?? count, count) }

    private mutating func limit(memory limit: Int, used: String?, droppable: String?) {
        memory = min(memory ?? limit, limit)
        let left = max(0, limit - (used.flatMap { Int($0) } ?? 0) + (droppable.flatMap { Int($0) } ?? 0))
        availableMemory = min(availableMemory ?? left, left)
    }
}
