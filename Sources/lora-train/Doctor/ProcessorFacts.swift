import Foundation

/// What the system says of its processors.
struct ProcessorFacts {
    var model: String
    /// By the names of Linux, such as `avx2`.
    var features: Set<String>
    /// Where each processor of the system lies: those of one place are threads of one core.
    var cores: [Int: String] = [:]
    /// Of the first one when it was asked.
    var megahertz: Double?

    /// Those of this machine.
    static func current(_ files: SystemFiles = .real) -> ProcessorFacts {
        #if canImport(Darwin)
            let traits = [("bf16", "FEAT_BF16"), ("i8mm", "FEAT_I8MM"), ("fphp", "FEAT_FP16"), ("sme", "FEAT_SME")]
            let arm = traits.filter { SystemControl.integer("hw.optional.arm.\($0.1)") == 1 }.map(\.0)
            let intel = (SystemControl.text("machdep.cpu.leaf7_features") ?? "").lowercased().split(separator: " ").map(String.init)
            var facts = ProcessorFacts(
                model: SystemControl.text("machdep.cpu.brand_string") ?? "unknown", features: Set(arm + intel))
            #if arch(arm64)
                facts.features.insert("asimd")
            #endif
            let (cores, threads) = (SystemControl.integer("hw.physicalcpu") ?? 1, SystemControl.integer("hw.logicalcpu") ?? 1)
            for number in 0..<threads { facts.cores[number] = "\(number * cores / max(threads, 1))" }
            return facts
        #else
            return ProcessorFacts(cpuinfo: files.text("/proc/cpuinfo") ?? "")
        #endif
    }

    init(model: String, features: Set<String>) {
        self.model = model
        self.features = features
    }

    /// - Parameter cpuinfo: the text of Linux' `/proc/cpuinfo`
    init(cpuinfo: String) {
        var fields: [String: String] = [:]
        var places: [Int: String] = [:]
        var number: Int?
        var place = ("0", "")
        func finish() { if let number { places[number] = place.1.isEmpty ? "\(number)" : "\(place.0).\(place.1)" } }
        for line in cpuinfo.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
            guard parts.count == 2 else { continue }
            switch parts[0] {
            case "processor":
                finish()
                (number, place) = (Int(parts[1]), ("0", ""))
            case "physical id": place.0 = parts[1]
            case "core id": place.1 = parts[1]
            default: break
            }
            if fields[parts[0]] == nil { fields[parts[0]] = parts[1] }
        }
        finish()
        features = Set((fields["flags"] ?? fields["Features"] ?? "").split(separator: " ").map(String.init))
        model =
            fields["model name"] ?? fields["Model"]
            ?? fields["CPU part"].map { "ARM, implementer \(fields["CPU implementer"] ?? "unknown"), part \($0)" } ?? "unknown"
        cores = places
        megahertz = fields["cpu MHz"].flatMap(Double.init)
    }

    /// How many cores some processors of the system are threads of.
    func coreCount(of processors: [Int]) -> Int { Set(processors.map { cores[$0] ?? "\($0)" }).count }

    /// What the processor has of what matters here, in words.
    var telling: [String] {
        let words = [
            (["avx2"], "AVX2"), (["avx512f"], "AVX-512"), (["avx512_bf16"], "AVX-512 bfloat16"), (["avx512_vnni"], "AVX-512 VNNI"),
            (["avx_vnni"], "AVX VNNI"), (["amx_tile", "amx_bf16"], "AMX bfloat16"), (["asimd"], "NEON"), (["sve"], "SVE"),
            (["asimd", "bf16"], "bfloat16"), (["i8mm"], "int8 products"), (["sme"], "SME"),
        ]
        return words.filter { $0.0.allSatisfy(features.contains) }.map(\.1)
    }
}
