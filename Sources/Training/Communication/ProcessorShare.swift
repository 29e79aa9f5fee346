import Foundation

/// Which processors of its machine a process computes on, so that the processes of a machine do not stand in each
/// other's way.
public struct ProcessorShare: Sendable, Equatable {
    /// How many threads are to compute.
    public let threads: Int
    /// The processors that the process should be pinned to; `nil` where it stays as it is.
    public let pinned: [Int]?
    /// What a person should be told: processors lie idle.
    public let note: String?

    /// Finds the share of this process, and pins it where it wants that; to be called before there are threads that compute, which inherit
    /// the processors of the one that starts them. All processes call it together.
    ///
    /// - Parameter pins: whether this process keeps to its share, and not to what somebody has said of its threads
    /// - Throws: ``CommunicationError``
    public static func claim(
        among communicator: any Communicator, pins: Bool = true,
        launcher: Launcher? = Launcher(environment: ProcessInfo.processInfo.environment)
    ) throws(CommunicationError) -> ProcessorShare? {
        let available = ProcessorMask.availableCount
        let mask = ProcessorMask.current?.processors ?? []
        let texts = try communicator.gather(machine + "\n" + mask.map(String.init).joined(separator: ","))
        // Those of this machine, in the order of ranks.
        let parts = texts.map { $0.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) }
        let locals = parts.indices.filter { parts[$0].first == machine }
        let masks = locals.map { parts[$0].last?.split(separator: ",").compactMap { Int($0) } ?? [] }
        guard let index = locals.firstIndex(of: communicator.rank), !masks.contains([]) else { return nil }
        let share = ProcessorShare(masks: masks, index: index, available: available, launcher: launcher?.kind)
        if pins, let pinned = share.pinned { ProcessorMask(processors: pinned).use() }
        return share
    }

    /// - Parameters:
    ///   - masks: the processors that each process of the machine may run on, neighbours side by side
    ///   - index: the place of this process among these
    ///   - available: how many processors all could be given, if that is known
    init(masks: [[Int]], index: Int, available: Int? = nil, launcher: Launcher.Kind? = nil) {
        let own = masks[index]
        let sharers = masks.indices.filter { !Set(masks[$0]).isDisjoint(with: own) }
        let place = sharers.firstIndex(of: index) ?? 0
        let size = own.count / sharers.count
        if sharers.count == 1 {
            (threads, pinned) = (max(1, own.count), nil)
        } else if size > 0, sharers.allSatisfy({ Set(masks[$0]) == Set(own) }) {
            (threads, pinned) = (size, Array(own[place * size..<(place + 1) * size]))
        } else {
            // More processes than processors, or masks that overlap, of which somebody may have thought something.
            (threads, pinned) = (max(1, size), nil)
        }
        note = Self.note(used: masks.reduce(into: Set()) { $0.formUnion($1) }.count, of: available, processes: masks.count, launcher)
    }

    /// Advice where most processors of the machine are left to nobody. Open MPI, unless told otherwise, binds each of
    /// up to two processes to one core.
    private static func note(used: Int, of available: Int?, processes: Int, _ launcher: Launcher.Kind?) -> String? {
        guard let available, 2 * used < available else { return nil }
        let each = max(1, available / processes)
        let advice =
            switch launcher {
            case .mpirun: "`mpirun --bind-to none`, or `--map-by slot:PE=\(each)`, lets them use all"
            case .mpiexec: "`mpiexec -bind-to none` lets them use all"
            case .srun: "`srun --cpus-per-task=\(each)` lets them use all"
            case .torchrun, nil: "a wider processor mask lets them use all"
            }
        let whose = processes == 1 ? "the process of this machine is" : "the \(processes) processes of this machine are"
        return "\(whose) bound to \(used) of its \(available) processors; \(advice)"
    }

    /// What tells machines apart: the name, and the number that Linux gives to each start of a system, since names of
    /// machines that were made from one image are alike.
    private static let machine: String = {
        var bytes = [CChar](repeating: 0, count: 256)
        let hasName = gethostname(&bytes, bytes.count - 1) == 0
        let name = hasName ? String(decoding: bytes.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self) : ""
        let start = try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
        return (name + " " + (start ?? "")).filter { $0 != "\n" }
    }()
}
