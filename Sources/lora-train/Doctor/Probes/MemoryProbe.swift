/// How much memory there is, and what fits into it.
struct MemoryProbe: Probe {
    let title = "Memory"
    let files: SystemFiles
    let facts: MemoryFacts

    func findings() -> [Finding] {
        guard facts.total > 0 else { return [Finding(.note, "memory", "unknown"), largePages].compactMap { $0 } }
        return [amount, fits, largePages].compactMap { $0 }
    }

    private var amount: Finding {
        Finding(
            .note, "memory",
            "\(ProgressLine.size(facts.available)) free of \(ProgressLine.size(facts.total))"
                + (facts.isLimited ? ", by the limit of the control group" : ""))
    }

    private var fits: Finding {
        let parameters = MemoryEstimate.parameters(in: facts.available)
        guard facts.available >= MemoryEstimate.published else {
            return Finding(
                .slow, "fits", "not even the default recipe, which takes \(ProgressLine.size(MemoryEstimate.published))",
                advice: "end other programs, or make steps smaller: --batch_size 4 --max_seq_len 256")
        }
        return Finding(
            .ok, "fits", "a base of about \(MemoryEstimate.words(parameters)) parameters, with the default batch",
            advice: nil)
    }

    private var largePages: Finding? {
        guard let text = files.word("/sys/kernel/mm/transparent_hugepage/enabled") else { return nil }
        return text.contains("[never]")
            ? Finding(
                .slow, "large pages", "off: memory comes in pages of 4 kB",
                advice: "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled, as root")
            : Finding(.ok, "large pages", "to be had")
    }
}
