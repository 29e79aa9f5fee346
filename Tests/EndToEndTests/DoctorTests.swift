import Foundation
import TestSupport
import Testing

@testable import Tensor
@testable import lora_train

/// What the doctor says of this machine, and of others by what their systems tell.
@Suite("The doctor") struct DoctorTests {
    // MARK: - The command

    @Test func looksAtThisMachine() throws {
        let folder = try Paths.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let run = try Command(["doctor", "--out_dir", folder])
        for title in [
            "Build", "Processor", "Cores and threads", "Memory", "Matrix products", "Environment", "Several processes", "Weights & Biases",
            "Disk", "Terminal",
        ] {
            #expect(run.lines.contains(title), "\(run.output)")
        }
        #expect(run.output.contains("✓ out folder") && !run.output.contains("\u{1B}"))
        let isBroken = run.output.contains("  ✗ ")
        #expect(run.status == (isBroken ? 1 : 0) && run.errors.isEmpty != isBroken, "\(run.output)\(run.errors)")
        // A library that computes wrong is the one thing that can be broken here.
        #expect(!isBroken || run.output.contains("computes wrong products"))
    }

    @Test func aFolderThatCannotBeWrittenIsBroken() throws {
        let folder = try Paths.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try "".write(toFile: folder + "/file", atomically: true, encoding: .utf8)
        let run = try Command(["doctor", "--json", "--out_dir", folder + "/file/out", "--wandb_python", folder + "/no-python"])
        #expect(run.status == 1 && run.errors.contains("error: broken on this machine: ") && run.errors.contains("out folder"))
        let report = try JSON(parsing: run.output)
        #expect(report["ok"] == false && report["broken"]?.array?.contains("out folder") == true)
        let findings = (report["sections"]?.array ?? []).flatMap { $0["findings"]?.array ?? [] }
        #expect(findings.count > 15 && findings.allSatisfy { $0["name"]?.string != nil && $0["value"]?.string != nil })
        let place = findings.first { $0["name"] == "out folder" }
        #expect(place?["level"] == "broken" && place?["advice"]?.string?.contains("--out_dir") == true)
        #expect(findings.contains { $0["name"] == "Python" && $0["value"] == "none" })
    }

    // MARK: - Processors

    /// The part of `/proc/cpuinfo` of one processor.
    private static func cpuinfo(_ number: Int, _ model: String, package: Int = 0, core: Int, _ flags: String) -> String {
        """
        processor\t: \(number)
        model name\t: \(model)
        cpu MHz\t\t: 2100.5
        physical id\t: \(package)
        core id\t\t: \(core)
        flags\t\t: fpu vme \(flags)


        """
    }

    private static let sapphireRapids = ProcessorFacts(
        cpuinfo: (0..<8).map {
            cpuinfo(
                $0, "Intel(R) Xeon(R) Platinum 8481C", package: $0 % 4 / 2, core: $0 % 2,
                "avx2 fma avx512f avx512_bf16 avx512_vnni amx_tile amx_bf16")
        }.joined())

    @Test func readsProcessors() {
        let facts = Self.sapphireRapids
        #expect(facts.model == "Intel(R) Xeon(R) Platinum 8481C" && facts.megahertz == 2100.5)
        #expect(facts.telling == ["AVX2", "AVX-512", "AVX-512 bfloat16", "AVX-512 VNNI", "AMX bfloat16"])
        #expect(facts.coreCount(of: Array(0..<8)) == 4 && facts.coreCount(of: [0, 4]) == 1 && facts.coreCount(of: [0, 2]) == 2)
        let arm = ProcessorFacts(
            cpuinfo:
                "processor\t: 0\nFeatures\t: fp asimd bf16 i8mm\nCPU implementer\t: 0x41\nCPU part\t: 0xd49\n\nprocessor\t: 1\nFeatures\t: fp asimd\n"
        )
        #expect(arm.model == "ARM, implementer 0x41, part 0xd49" && arm.telling == ["NEON", "bfloat16", "int8 products"])
        #expect(arm.coreCount(of: [0, 1]) == 2)
        let nothing = ProcessorFacts(cpuinfo: "")
        #expect(nothing.model == "unknown" && nothing.cores.isEmpty && nothing.telling.isEmpty)
    }

    private func levels(_ probe: some Probe) -> [String: Finding] {
        Dictionary(probe.findings().map { ($0.name, $0) }) { first, _ in first }
    }

    @Test func saysWhyTheInnerLoopsAreSlow() {
        func loops(_ features: Set<String>, _ version: KernelSupport.Version) -> Finding? {
            levels(ProcessorProbe(facts: ProcessorFacts(model: "x", features: features), kernels: version, multipliesBFloat16: false))[
                "inner loops"]
        }
        #expect(
            loops(["avx2", "avx512f"], .avx512)?.level == .ok && loops(["avx2"], .avx2)?.level == .ok
                && loops(["asimd"], .compiled)?.level == .ok)
        #expect(loops(["sse4_2", "hypervisor"], .compiled)?.advice?.contains("-cpu host") == true)
        #expect(loops(["sse4_2"], .compiled)?.level == .slow && loops(["avx2", "hypervisor"], .compiled)?.level == .slow)
        let emulated = levels(
            ProcessorProbe(facts: ProcessorFacts(model: "x", features: ["avx2"]), kernels: .avx2, multipliesBFloat16: false))
        #expect(emulated["bfloat16"]?.advice?.contains("--dtype float32") == true)
    }

    // MARK: - Cores

    private func cores(_ texts: [String: String], threads: Int, facts: ProcessorFacts = sapphireRapids) -> [String: Finding] {
        levels(CoresProbe(files: SystemFiles { texts[$0] }, facts: facts, threads: threads))
    }

    private static let eight = [
        "/sys/devices/system/cpu/online": "0-7\n", "/proc/self/status": "Name:\tx\nCpus_allowed:\tff\nCpus_allowed_list:\t0-7\n",
    ]

    @Test func saysWhatStandsInTheWayOfThreads() {
        let plain = cores(Self.eight, threads: 8)
        #expect(plain["processors"]?.level == .ok && plain["quota"] == nil && plain["load"] == nil && plain["governor"] == nil)
        #expect(plain["cores"]?.value == "4, with 8 threads of their own (SMT)" && plain["cores"]?.advice?.contains("--threads 4") == true)
        #expect(cores(Self.eight, threads: 4)["cores"]?.advice == nil)
        let masked = cores(Self.eight.merging(["/proc/self/status": "Cpus_allowed_list:\t0,2\n"]) { $1 }, threads: 2)
        #expect(
            masked["processors"]?.value == "2 of the machine's 8, 2 threads compute"
                && masked["processors"]?.advice?.contains("taskset") == true)
        #expect(cores(Self.eight, threads: 9)["processors"]?.advice?.contains("--threads 8") == true)
        let busy = cores(Self.eight.merging(["/proc/loadavg": "6.50 5.00 4.00 3/200 77\n"]) { $1 }, threads: 8)
        #expect(busy["load"]?.level == .slow)
        #expect(cores(Self.eight.merging(["/proc/loadavg": "0.50 5.00 4.00 3/200 77\n"]) { $1 }, threads: 8)["load"]?.level == .ok)
    }

    @Test func readsQuotasOfBothVersions() {
        let two = cores(
            Self.eight.merging(["/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/cpu.max": "250000 100000\n"]) { $1 }, threads: 8)
        #expect(
            two["quota"]?.level == .slow && two["quota"]?.value.contains("2.5") == true
                && two["quota"]?.advice?.contains("--threads 2:") == true)
        let free = cores(
            Self.eight.merging(["/proc/self/cgroup": "0::/a\n", "/sys/fs/cgroup/a/cpu.max": "max 100000\n"]) { $1 }, threads: 8)
        #expect(free["quota"] == nil)
        let nested = [
            "/proc/self/cgroup": "0::/a/b\n", "/sys/fs/cgroup/a/cpu.max": "400000 100000", "/sys/fs/cgroup/a/b/cpu.max": "800000 100000",
        ]
        #expect(ControlGroup(SystemFiles { nested[$0] }).processors == 4)
        let one = [
            "/proc/self/cgroup": "5:cpu,cpuacct:/x\n4:memory:/y\n", "/sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_quota_us": "400000",
            "/sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_period_us": "100000",
            "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712",
            "/sys/fs/cgroup/memory/y/memory.limit_in_bytes": "4000000000", "/sys/fs/cgroup/memory/y/memory.usage_in_bytes": "3000000000",
            "/sys/fs/cgroup/memory/y/memory.stat": "cache 5\ntotal_inactive_file 500000000\n",
        ]
        let group = ControlGroup(SystemFiles { one[$0] })
        #expect(group.processors == 4 && group.memory == 4_000_000_000 && group.availableMemory == 1_500_000_000)
        #expect(cores(Self.eight.merging(one) { $1 }, threads: 4)["quota"]?.level == .ok)
    }

    @Test func saysWhatKeepsFrequenciesLow() {
        let folder = "/sys/devices/system/cpu/cpu0/cpufreq/"
        func with(_ governor: String, _ driver: String) -> Finding.Level? {
            cores(Self.eight.merging([folder + "scaling_governor": governor, folder + "scaling_driver": driver]) { $1 }, threads: 8)[
                "governor"]?.level
        }
        #expect(
            with("powersave\n", "acpi-cpufreq\n") == .slow && with("powersave\n", "intel_pstate\n") == .ok
                && with("schedutil\n", "x") == .ok)
        let limited = cores(
            Self.eight.merging([folder + "scaling_max_freq": "1200000", folder + "cpuinfo_max_freq": "3600000"]) { $1 }, threads: 8)
        #expect(limited["frequency"]?.value == "limited to 1200 MHz of 3600 MHz")
        let nodes = [
            "/sys/devices/system/node/online": "0-1\n", "/sys/devices/system/node/node0/cpulist": "0-3\n",
            "/sys/devices/system/node/node1/cpulist": "4-7\n",
        ]
        #expect(cores(Self.eight.merging(nodes) { $1 }, threads: 8)["memory nodes"]?.advice?.contains("mpirun -np 2") == true)
        let half = nodes.merging(["/proc/self/status": "Cpus_allowed_list:\t0-3\n"]) { $1 }
        #expect(cores(Self.eight.merging(half) { $1 }, threads: 4)["memory nodes"] == nil)
    }

    // MARK: - Memory

    @Test func saysWhatFits() {
        let meminfo = "MemTotal:       16384000 kB\nMemFree:         1000000 kB\nMemAvailable:    8000000 kB\n"
        let files = SystemFiles { ["/proc/meminfo": meminfo, "/sys/kernel/mm/transparent_hugepage/enabled": "always madvise [never]"][$0] }
        let facts = MemoryFacts(files, ControlGroup(files))
        #expect(facts.total == 16_384_000 * 1024 && facts.available == 8_000_000 * 1024 && !facts.isLimited)
        let findings = levels(MemoryProbe(files: files, facts: facts))
        #expect(
            findings["memory"]?.value == "8.2 GB free of 16.8 GB" && findings["fits"]?.level == .ok
                && findings["large pages"]?.level == .slow)
        let limits = [
            "/proc/meminfo": meminfo, "/proc/self/cgroup": "0::/", "/sys/fs/cgroup/memory.max": "500000000",
            "/sys/fs/cgroup/memory.current": "300000000",
        ]
        let limited = MemoryFacts(SystemFiles { limits[$0] }, ControlGroup(SystemFiles { limits[$0] }))
        #expect(limited.total == 500_000_000 && limited.available == 200_000_000 && limited.isLimited)
        let little = levels(MemoryProbe(files: SystemFiles { limits[$0] }, facts: limited))
        #expect(little["fits"]?.level == .slow && little["memory"]?.value.hasSuffix("by the limit of the control group") == true)
    }

    // MARK: - Libraries

    /// The last value of each row is off.
    private struct Wrong: Matmul {
        let name = "openblas"
        let multipliesBFloat16 = false
        func pack(_ matrix: MatrixOperand, precision: Precision) -> any PackedMatrix { PortableMatmul().pack(matrix, precision: precision) }
        func unpack(_ b: any PackedMatrix, into target: UnsafeMutableRawPointer) { PortableMatmul().unpack(b, into: target) }
        func multiply(
            rows: Int, _ a: ConstantRows, by b: any PackedMatrix, columns: Range<Int>, into c: MutableRows, accumulating: Bool
        ) {
            PortableMatmul().multiply(rows: rows, a, by: b, columns: columns, into: c, accumulating: accumulating)
            if c.precision == .float32 { c.address.assumingMemoryBound(to: Float.self)[columns.count - 1] += 1 }
        }
    }

    @Test func aLibraryThatComputesWrongIsBroken() {
        let libraries = [
            MatmulLibrary(.onednn, isBuilt: false, nil), MatmulLibrary(.openblas, Wrong()), MatmulLibrary(.portable, PortableMatmul()),
        ]
        let probe = MatmulProbe(libraries: libraries, speeds: ["portable": .init(float32: 1e9, bfloat16: 2e9)], automatic: "portable")
        let findings = levels(probe)
        #expect(findings["openblas"]?.level == .broken && findings["openblas"]?.value.contains("computes wrong products") == true)
        #expect(findings["openblas"]?.advice?.contains("OPENBLAS_CORETYPE=Haswell") == true)
        #expect(findings["onednn"]?.level == .note && findings["portable"]?.value == "right, 1.0 GFLOP/s float32, 2.0 GFLOP/s bfloat16")
        let report = DoctorReport([probe])
        #expect(report.broken == ["openblas"] && report.table(isColoured: false).contains("  ✗ openblas  computes wrong"))
        #expect(report.table(isColoured: true).contains("\u{1B}[31m✗\u{1B}[0m openblas"))
    }

    @Test func recommendsAFasterProduct() {
        func choice(_ speeds: [String: MatmulProbe.Speed]) -> Finding? {
            levels(MatmulProbe(libraries: [], speeds: speeds, automatic: "openblas"))["auto"]
        }
        let own = MatmulProbe.Speed(float32: 100e9, bfloat16: 50e9)
        #expect(choice(["openblas": own, "onednn": .init(float32: 120e9, bfloat16: 60e9)])?.level == .ok)
        #expect(choice(["openblas": own, "onednn": .init(float32: 90e9, bfloat16: 70e9)])?.advice?.contains("--matmul onednn") == true)
        #expect(choice(["openblas": own, "portable": .init(float32: 140e9, bfloat16: 40e9)])?.level == .note)
        #expect(choice([:])?.level == .note)
    }

    @Test func knowsTheVariablesThatSlow() {
        func findings(_ environment: [String: String]) -> [String: Finding] {
            levels(EnvironmentProbe(environment: environment, features: ["avx2", "avx512f"]))
        }
        #expect(findings(["PATH": "/bin", "OPENBLAS_CORETYPE": ""]).keys.sorted() == ["variables"])
        #expect(findings(["OPENBLAS_CORETYPE": "Nehalem"])["OPENBLAS_CORETYPE"]?.level == .slow)
        #expect(findings(["OPENBLAS_CORETYPE": "Haswell"])["OPENBLAS_CORETYPE"]?.level == .note)
        #expect(findings(["OPENBLAS_CORETYPE": "SkylakeX"])["OPENBLAS_CORETYPE"]?.advice == nil)
        #expect(findings(["OPENBLAS_L2_SIZE": "1024"])["OPENBLAS_L2_SIZE"]?.level == .note)
        #expect(findings(["OPENBLAS_NUM_THREADS": "1"])["OPENBLAS_NUM_THREADS"]?.value.contains("without effect") == true)
        #expect(findings(["OMP_NUM_THREADS": "64"])["OMP_NUM_THREADS"]?.level == .note)
        #expect(
            findings(["OMP_PROC_BIND": "true"])["OMP_PROC_BIND"]?.level == .slow
                && findings(["OMP_PROC_BIND": "false"])["OMP_PROC_BIND"] == nil)
        #expect(findings(["ONEDNN_MAX_CPU_ISA": "AVX2"])["ONEDNN_MAX_CPU_ISA"]?.level == .slow)
        #expect(
            findings(["ONEDNN_VERBOSE": "1"])["ONEDNN_VERBOSE"]?.level == .slow
                && findings(["ONEDNN_VERBOSE": "0"])["ONEDNN_VERBOSE"] == nil)
    }

    @Test func judgesTheBuild() {
        func traits(_ traits: [String], _ features: Set<String>) -> Finding.Level? {
            levels(BuildProbe(version: "1", isDebug: false, traits: traits, processorFeatures: features))["traits"]?.level
        }
        #expect(
            traits(["OpenBLAS", "OneDNN"], ["avx2"]) == .ok && traits([], ["avx2"]) == .slow && traits([], ["avx2", "avx512_bf16"]) == .ok)
        #expect(traits(["OpenBLAS"], ["avx2", "amx_bf16", "avx512_bf16"]) == .slow)
        #expect(levels(BuildProbe(version: "1", isDebug: true, traits: [], processorFeatures: []))["configuration"]?.level == .slow)
    }

    // MARK: - What lies outside

    @Test func asksForOtherPrograms() throws {
        #expect(levels(WandbProbe(python: nil, answer: nil))["Python"]?.value == "none")
        #expect(levels(WandbProbe(python: "/usr/bin/python3", answer: nil))["wandb"]?.advice?.contains("pip install wandb") == true)
        #expect(levels(WandbProbe(python: "/usr/bin/python3", answer: "noise\n0.19.1\n"))["wandb"] == Finding(.ok, "wandb", "0.19.1"))
        #expect(levels(MPIProbe(library: nil, launchers: []))["MPI"]?.advice?.contains("MPI=1") == true)
        #expect(levels(MPIProbe(library: "Open MPI 4", launchers: ["/usr/bin/mpirun"])).values.allSatisfy { $0.level == .ok })
        #expect(levels(MPIProbe(library: "Open MPI 4", launchers: []))["launcher"]?.advice != nil)
        let full = levels(DiskProbe(folder: "out", isWritable: true, free: 1000))
        #expect(full["free"]?.level == .slow && full["out folder"]?.level == .ok)
        let gone = levels(DiskProbe(folder: "out", isWritable: false, isNowhere: true, free: 1000))
        #expect(gone.count == 1 && gone["out folder"]?.level == .broken)
        let unknown = levels(MemoryProbe(files: SystemFiles { _ in nil }, facts: MemoryFacts(total: 0, available: 0)))
        #expect(unknown["memory"]?.value == "unknown" && unknown["fits"] == nil)
        // Without /proc.
        #expect(MemoryFacts.current(SystemFiles { _ in nil }).total > 0)
    }

    @Test func doesNotWaitForAProgramForEver() throws {
        let shell = try #require(ExternalCommand.path(of: "sh"))
        #expect(ExternalCommand.output(of: shell, ["-c", "echo words"], limit: 10) == "words\n")
        #expect(ExternalCommand.output(of: shell, ["-c", "echo words; exit 3"], limit: 10) == nil)
        #expect(ExternalCommand.output(of: "/no/such/program", [], limit: 10) == nil)
        let start = ContinuousClock.now
        #expect(ExternalCommand.output(of: shell, ["-c", "exec sleep 60"], limit: 0.2) == nil)
        #expect(ContinuousClock.now - start < .seconds(30))
        #expect(ExternalCommand.path(of: "lora-train-no-such-program") == nil && ExternalCommand.path(of: "/no/such") == nil)
    }
}
