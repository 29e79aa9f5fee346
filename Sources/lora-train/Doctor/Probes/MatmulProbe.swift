import Foundation
import Tensor

/// The matrix products: whether they are right, and how fast they are.
struct MatmulProbe: Probe {
    /// What one product does, in operations a second.
    struct Speed {
        let float32: Double
        let bfloat16: Double
    }

    let title = "Matrix products"
    let libraries: [MatmulLibrary]
    /// By the name of the product.
    let speeds: [String: Speed]
    /// The name of the one that `--matmul auto` takes.
    let automatic: String

    /// By how much another product must be faster to be recommended.
    private static let margin = 1.25
    /// How long one product is measured in one type, in seconds.
    private static let measuringTime = 0.3

    /// Checks and measures the products of this build.
    static func measured() -> MatmulProbe {
        let libraries = MatmulLibrary.all()
        var speeds: [String: Speed] = [:]
        for library in libraries where library.fault == nil {
            guard let matmul = library.matmul else { continue }
            func peak(_ precision: Precision) -> Double {
                ComputeContext.with({ $0.matmul = matmul }) { MatmulPeak.operationsPerSecond(precision, limit: measuringTime) }
            }
            speeds[matmul.name] = Speed(float32: peak(.float32), bfloat16: peak(.bfloat16))
        }
        return MatmulProbe(libraries: libraries, speeds: speeds, automatic: MatmulSelection.automatic.matmul.name)
    }

    func findings() -> [Finding] { libraries.map { finding($0.choice.rawValue, $0) } + [choice] }

    private func finding(_ name: String, _ library: MatmulLibrary) -> Finding {
        if let fault = library.fault {
            return Finding(
                .broken, name, "computes wrong products on this processor: \(fault)",
                advice: "install a newer version" + (library.choice == .openblas ? ", or set OPENBLAS_CORETYPE=Haswell" : "")
                    + "; until then \(automatic) serves")
        }
        guard let matmul = library.matmul else {
            return library.isBuilt
                ? Finding(.note, name, "does not know this processor")
                : Finding(.note, name, "not in this build", advice: "the package trait of its name puts it in, see `make build`")
        }
        let speed = speeds[matmul.name].map { "\(Self.words($0.float32)) float32, \(Self.words($0.bfloat16)) bfloat16" }
        let words = [speed, library.configuration.map(Self.short)].compactMap { $0 }.joined(separator: "; ")
        return Finding(.ok, name, "right" + (words.isEmpty ? "" : ", \(words)"))
    }

    private var choice: Finding {
        guard let own = speeds[automatic] else { return Finding(.note, "auto", automatic) }
        func faster(_ speed: (Speed) -> Double) -> String? {
            let best = speeds.max { speed($0.value) < speed($1.value) }
            return best.flatMap { speed($0.value) > Self.margin * speed(own) ? $0.key : nil }
        }
        if let other = faster(\.bfloat16) {
            return Finding(.slow, "auto", "takes \(automatic)", advice: "--matmul \(other) is faster here in bfloat16, the default --dtype")
        }
        if let other = faster(\.float32) {
            return Finding(.note, "auto", "takes \(automatic)", advice: "--matmul \(other) is faster here with --dtype float32")
        }
        return Finding(.ok, "auto", "takes \(automatic), and none is much faster here")
    }

    private static func words(_ speed: Double) -> String {
        String(format: speed < 10e9 ? "%.1f GFLOP/s" : "%.0f GFLOP/s", speed / 1e9)
    }

    /// Without the switches that the library was built with.
    private static func short(_ configuration: String) -> String {
        let switches = ["NO_", "USE_", "DYNAMIC_", "MAX_THREADS", "BUILD_", "SINGLE_", "NUM_"]
        return configuration.split(separator: " ").filter { word in !switches.contains { word.hasPrefix($0) } }.joined(separator: " ")
    }
}
