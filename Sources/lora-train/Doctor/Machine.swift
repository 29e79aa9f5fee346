import Foundation
import Tensor
import Training

/// The machine and the build, in words.
enum Machine {
    /// The package traits that the build has.
    static var traits: [String] {
        var traits: [String] = []
        #if OpenBLAS
            traits.append("OpenBLAS")
        #endif
        #if OneDNN
            traits.append("OneDNN")
        #endif
        #if Oniguruma
            traits.append("Oniguruma")
        #endif
        #if MPI
            traits.append("MPI")
        #endif
        return traits
    }

    /// Whether the build is one for debugging.
    static var isDebugBuild: Bool {
        #if DEBUG
            true
        #else
            false
        #endif
    }

    /// The system's name and version, and that of its kernel.
    static var system: String {
        var names = utsname()
        guard uname(&names) == 0 else { return ProcessInfo.processInfo.operatingSystemVersionString }
        let release = withUnsafeBytes(of: names.release) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        return "\(ProcessInfo.processInfo.operatingSystemVersionString), kernel \(release)"
    }

    /// What a run's results and times depend on beside its recipe, for whoever reads of it later.
    ///
    /// - Parameter precision: of the run's products
    static func facts(_ precision: Precision) -> JSONObject {
        let processor = ProcessorFacts.current()
        let memory = MemoryFacts.current()
        return [
            "processor": .string(processor.model), "features": .string(processor.telling.joined(separator: ", ")),
            "cores": .string("\(Parallel.cores)"), "threads": .string("\(Parallel.threads)"),
            "memory": .string(ProgressLine.size(memory.total)), "system": .string(system),
            "matrix product": .string(ComputeContext.current.matmul.name), "precision": .string(precision.rawValue),
            "build": .string(
                "\(Release.version), \(isDebugBuild ? "debug" : "release"), "
                    + (traits.isEmpty ? "no traits" : "traits \(traits.joined(separator: ", "))")),
        ]
    }
}
