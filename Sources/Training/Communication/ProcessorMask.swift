import CKernels
import Foundation

/// The processors of a machine that a process may run on, by the system's numbers. Linux has such masks; elsewhere
/// there is none.
struct ProcessorMask {
    /// In the order in which they lie beside each other: threads of a core, cores of a package. Linux counts often the
    /// first threads of all cores before the second ones.
    let processors: [Int]

    /// Those that the calling thread may run on.
    static var current: ProcessorMask? {
        var bytes = [UInt8](repeating: 0, count: limit / 8)
        guard processor_mask_get(Int64(bytes.count), &bytes) != 0 else { return nil }
        return ProcessorMask(processors: ordered((0..<limit).filter { bytes[$0 / 8] >> UInt8($0 % 8) & 1 == 1 }))
    }

    /// How many processors the calling thread could be given: all of the machine, or of the part of it that a
    /// container or a batch system lets us have. The system itself leaves out others from a mask that asks for all.
    static var availableCount: Int? {
        guard let before = current else { return nil }
        defer { before.use() }
        guard ProcessorMask(processors: Array(0..<limit)).use(), let all = current else { return nil }
        return all.processors.count
    }

    /// Has the calling thread, and threads that it starts from now on, run on these alone.
    @discardableResult
    func use() -> Bool {
        var bytes = [UInt8](repeating: 0, count: Self.limit / 8)
        for processor in processors where (0..<Self.limit).contains(processor) {
            bytes[processor / 8] |= 1 << UInt8(processor % 8)
        }
        return processor_mask_set(Int64(bytes.count), bytes) != 0
    }

    /// More processors than a machine has.
    private static let limit = 8192

    private static func ordered(_ processors: [Int]) -> [Int] {
        let places = processors.map { [place($0, "physical_package_id"), place($0, "core_id"), $0] }
        return places.sorted { $0.lexicographicallyPrecedes($1) }.map { $0[2] }
    }

    private static func place(_ processor: Int, _ name: String) -> Int {
        let path = "/sys/devices/system/cpu/cpu\(processor)/topology/\(name)"
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return 0 }
        return Int(text.trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0
    }
}
