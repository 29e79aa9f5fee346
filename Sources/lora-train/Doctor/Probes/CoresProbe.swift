/// How many processors compute, and what stands in their way.
struct CoresProbe: Probe {
    let title = "Cores and threads"
    let files: SystemFiles
    let facts: ProcessorFacts
    /// Threads that would compute.
    let threads: Int

    /// Running programs a processor, at which the times are of others too.
    private static let busy = 0.5

    func findings() -> [Finding] {
        let all = files.word("/sys/devices/system/cpu/online").map(files.numbers) ?? facts.cores.keys.sorted()
        let usable = files.field("Cpus_allowed_list", of: "/proc/self/status").map(files.numbers).map { $0.filter(all.contains) } ?? all
        return [
            processors(usable.count, of: all.count), threadsOfCores(usable), quota, load(usable.count), governor, frequency, nodes(usable),
        ]
        .compactMap { $0 }
    }

    private func processors(_ usable: Int, of all: Int) -> Finding {
        let value = "\(usable) of the machine's \(all), \(threads) \(threads == 1 ? "thread computes" : "threads compute")"
        let mask = "a mask leaves out the others, of taskset, a batch system or OMP_PROC_BIND: widen it"
        if threads > usable {
            let fewer = "--threads \(max(usable, 1)): more threads than processors wait for each other"
            return Finding(.slow, "processors", value, advice: usable < all ? "\(mask), or \(fewer)" : fewer)
        }
        if usable < all { return Finding(.note, "processors", value, advice: mask) }
        return Finding(.ok, "processors", value)
    }

    private func threadsOfCores(_ usable: [Int]) -> Finding? {
        let cores = facts.coreCount(of: usable)
        guard !usable.isEmpty else { return nil }
        guard cores < usable.count, threads > cores else { return Finding(.note, "cores", "\(cores)") }
        return Finding(
            .note, "cores", "\(cores), with \(usable.count) threads of their own (SMT)",
            advice: "two threads of a core share its arithmetic: try whether --threads \(cores) is as fast, or faster")
    }

    private var quota: Finding? {
        guard let quota = ControlGroup(files).processors else { return nil }
        let whole = max(1, Int(quota.rounded(.down)))
        let value = "the control group allows \(quota == quota.rounded() ? "\(whole)" : "\(quota)") at a time"
        return threads > whole
            ? Finding(
                .slow, "quota", value, advice: "--threads \(whole): more threads use up the quota and are halted until the next period")
            : Finding(.ok, "quota", value)
    }

    private func load(_ usable: Int) -> Finding? {
        guard let load = files.word("/proc/loadavg")?.split(separator: " ").first.flatMap({ Double($0) }), usable > 0 else { return nil }
        let each = load / Double(usable)
        let value = "\(load) programs ran at a time in the last minute"
        return each > Self.busy
            ? Finding(.slow, "load", value, advice: "others compute too, or did a moment ago: times and the speeds below are too slow then")
            : Finding(.ok, "load", value)
    }

    private var governor: Finding? {
        let folder = "/sys/devices/system/cpu/cpu0/cpufreq"
        guard let governor = files.word(folder + "/scaling_governor") else { return nil }
        let driver = files.word(folder + "/scaling_driver") ?? ""
        // What these call powersave goes up with the load.
        let isSlow = governor == "powersave" && !["intel_pstate", "amd-pstate-epp", "amd_pstate_epp"].contains(driver)
        return isSlow
            ? Finding(
                .slow, "governor", "powersave keeps the processor at its lowest frequency",
                advice: "cpupower frequency-set -g performance (or schedutil), as root")
            : Finding(.ok, "governor", governor)
    }

    private var frequency: Finding? {
        let folder = "/sys/devices/system/cpu/cpu0/cpufreq"
        guard let limit = files.word(folder + "/scaling_max_freq").flatMap({ Int($0) }),
            let most = files.word(folder + "/cpuinfo_max_freq").flatMap({ Int($0) }), 10 * limit < 9 * most
        else { return nil }
        return Finding(
            .slow, "frequency", "limited to \(limit / 1000) MHz of \(most / 1000) MHz",
            advice: "cpupower frequency-set -u \(most / 1000)MHz, as root")
    }

    private func nodes(_ usable: [Int]) -> Finding? {
        let nodes = files.word("/sys/devices/system/node/online").map(files.numbers) ?? []
        let used = nodes.filter { node in
            !Set(files.word("/sys/devices/system/node/node\(node)/cpulist").map(files.numbers) ?? []).isDisjoint(with: usable)
        }
        guard used.count > 1 else { return nil }
        return Finding(
            .note, "memory nodes", "\(used.count): memory of another node is slower",
            advice: "one process a node is faster: mpirun -np \(used.count) --map-by numa lora-train --ddp …")
    }
}
