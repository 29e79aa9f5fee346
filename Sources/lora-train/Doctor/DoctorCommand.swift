import Foundation
import Tensor
import Training

/// Looks at the machine and the build, and says what is broken or slow, and what to do.
struct DoctorCommand {
    let options: DoctorOptions

    func run() throws {
        Parallel.threads = options.threads > 0 ? options.threads : Parallel.cores
        let report = DoctorReport(probes)
        let console = Console.shared
        console.line(options.isJSON ? report.json.serialized : report.table(isColoured: console.isColoured))
        guard report.broken.isEmpty else {
            throw CommandError.failure("broken on this machine: \(report.broken.joined(separator: ", ")); what to do is said above")
        }
    }

    private var probes: [any Probe] {
        let (files, environment) = (SystemFiles.real, ProcessInfo.processInfo.environment)
        let processor = ProcessorFacts.current(files)
        let python = ExternalCommand.path(of: options.python, environment: environment)
        return [
            BuildProbe(
                version: Release.version, isDebug: Machine.isDebugBuild, traits: Machine.traits, processorFeatures: processor.features),
            ProcessorProbe(facts: processor, kernels: KernelSupport.version, multipliesBFloat16: KernelSupport.multipliesBFloat16),
            CoresProbe(files: files, facts: processor, threads: Parallel.threads),
            MemoryProbe(files: files, facts: MemoryFacts.current(files)),
            MatmulProbe.measured(),
            EnvironmentProbe(environment: environment, features: processor.features),
            MPIProbe(
                library: DistributedStart.library,
                launchers: MPIProbe.launcherNames.compactMap { ExternalCommand.path(of: $0, environment: environment) }),
            WandbProbe(
                python: python,
                answer: python.flatMap { ExternalCommand.output(of: $0, WandbProbe.importing, limit: WandbProbe.limit) }),
            DiskProbe(folder: options.outDir),
            TerminalProbe(errors: Terminal(STDERR_FILENO, environment: environment), environment: environment),
        ]
    }
}
