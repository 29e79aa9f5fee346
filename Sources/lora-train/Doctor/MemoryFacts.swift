import Foundation

/// The memory that there is for the process: the machine's, or what a control group leaves of it.
struct MemoryFacts {
    /// Bytes; 0 where the system does not say.
    let total: Int
    let available: Int
    /// Whether it is less than the machine has.
    let isLimited: Bool

    init(total: Int, available: Int, isLimited: Bool = false) {
        self.total = total
        self.available = available
        self.isLimited = isLimited
    }

    static func current(_ files: SystemFiles = .real) -> MemoryFacts {
        #if canImport(Darwin)
            let total = SystemControl.integer("hw.memsize") ?? 0
            let pages = (SystemControl.integer("vm.page_free_count") ?? 0) + (SystemControl.integer("vm.page_purgeable_count") ?? 0)
            return MemoryFacts(total: total, available: pages * Int(getpagesize()))
        #else
            let facts = MemoryFacts(files, ControlGroup(files))
            guard facts.total == 0 else { return facts }
            // Without /proc, what the C library is told by the kernel.
            func bytes(_ pages: Int) -> Int { max(0, sysconf(Int32(pages))) * Int(getpagesize()) }
            return MemoryFacts(total: bytes(_SC_PHYS_PAGES), available: bytes(_SC_AVPHYS_PAGES))
        #endif
    }

    /// By Linux' `/proc/meminfo`.
    init(_ files: SystemFiles, _ group: ControlGroup) {
        func bytes(_ key: String) -> Int? {
            files.field(key, of: "/proc/meminfo").flatMap { Int($0.prefix(while: \.isNumber)) }.map { 1024 * $0 }
        }
        let total = bytes("MemTotal") ?? 0
        let available = bytes("MemAvailable") ?? bytes("MemFree") ?? total
        isLimited = (group.memory ?? .max) < total
        self.total = min(total, group.memory ?? .max)
        self.available = min(available, group.availableMemory ?? .max)
    }
}
