/// The variables of the environment that change what the libraries do.
struct EnvironmentProbe: Probe {
    let title = "Environment"
    let environment: [String: String]
    let features: Set<String>

    /// Kernels of OpenBLAS for processors without AVX2.
    private static let oldCores: Set<String> = [
        "katmai", "coppermine", "northwood", "prescott", "banias", "atom", "core2", "penryn", "dunnington", "nehalem", "sandybridge",
        "athlon", "opteron", "opteron_sse3", "barcelona", "bobcat", "bulldozer", "piledriver", "steamroller", "nano", "generic",
    ]
    /// Those for processors without AVX-512.
    private static let middleCores: Set<String> = ["haswell", "excavator", "zen"]

    func findings() -> [Finding] {
        let found =
            [coreType, cacheSize, instructions("ONEDNN_MAX_CPU_ISA"), instructions("DNNL_MAX_CPU_ISA")]
            + ["OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "OMP_NUM_THREADS"].map(threads)
            + ["OMP_PROC_BIND", "GOMP_CPU_AFFINITY", "KMP_AFFINITY"].map(binding)
            + ["ONEDNN_VERBOSE", "DNNL_VERBOSE", "OPENBLAS_VERBOSE"].map(verbosity)
        let findings = found.compactMap { $0 }
        return findings.isEmpty ? [Finding(.ok, "variables", "none that changes the libraries")] : findings
    }

    private func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }

    private var coreType: Finding? {
        let name = "OPENBLAS_CORETYPE"
        guard let core = value(name) else { return nil }
        if Self.oldCores.contains(core.lowercased()), features.contains("avx2") {
            return Finding(.slow, name, "\(core): kernels without AVX2, which the processor has", advice: "unset \(name)")
        }
        if Self.middleCores.contains(core.lowercased()), features.contains("avx512f") {
            return Finding(
                .note, name, "\(core): kernels without AVX-512, which the processor has",
                advice: "unset \(name), unless OpenBLAS computes wrong without it: `env -u \(name) lora-train doctor`")
        }
        return Finding(.note, name, "\(core) chooses OpenBLAS' kernels")
    }

    private var cacheSize: Finding? {
        let name = "OPENBLAS_L2_SIZE"
        return value(name).map {
            Finding(
                .note, name, "\($0): OpenBLAS cuts its blocks for a cache of this size",
                advice: "unset \(name), unless it is needed for right results")
        }
    }

    private func instructions(_ name: String) -> Finding? {
        guard let limit = value(name), !["all", "default"].contains(limit.lowercased()) else { return nil }
        return Finding(.slow, name, "\(limit) limits the instructions of oneDNN", advice: "unset \(name)")
    }

    private func threads(_ name: String) -> Finding? {
        value(name).map {
            Finding(.note, name, "\($0), without effect: a library has one thread a call, and --threads says how many calls")
        }
    }

    private func binding(_ name: String) -> Finding? {
        guard let places = value(name), !["false", "none", "disabled"].contains(places.lowercased()) else { return nil }
        return Finding(
            .slow, name, "\(places) binds the process to a part of the processors before it begins",
            advice: "unset \(name); --threads shares out cores")
    }

    private func verbosity(_ name: String) -> Finding? {
        guard let level = value(name), level != "0", level.lowercased() != "none" else { return nil }
        return Finding(
            .slow, name, "\(level): the library writes lines of its own, oneDNN for every product and on standard output",
            advice: "unset \(name)")
    }
}
