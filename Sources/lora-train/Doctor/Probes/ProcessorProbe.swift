import Tensor

/// The processor, as the inner loops see it.
struct ProcessorProbe: Probe {
    let title = "Processor"
    let facts: ProcessorFacts
    let kernels: KernelSupport.Version
    let multipliesBFloat16: Bool

    func findings() -> [Finding] {
        let telling = facts.telling
        return [
            Finding(.note, "model", facts.model + (facts.megahertz.map { ", now \(Int($0)) MHz" } ?? "")),
            Finding(.note, "features", telling.isEmpty ? "none that matter here" : telling.joined(separator: ", ")),
            kernelFinding,
            multipliesBFloat16
                ? Finding(.ok, "bfloat16", "multiplied by the processor")
                : Finding(
                    .note, "bfloat16", "emulated: values are rounded and multiplied as float32",
                    advice: "--dtype float32 is about as fast here and rounds nothing; bfloat16 keeps the base in less memory"),
        ]
    }

    private var kernelFinding: Finding {
        switch kernels {
        case .avx512: Finding(.ok, "inner loops", "for AVX-512")
        case .avx2: Finding(.ok, "inner loops", "for AVX2")
        case .compiled where facts.features.contains("asimd"): Finding(.ok, "inner loops", "for NEON")
        case .compiled where facts.features.contains("avx2"):
            Finding(
                .slow, "inner loops", "of the compiler's own target, though the processor has AVX2",
                advice: "AVX2 counts with FMA, BMI and F16C alone: has a virtual machine taken those away?")
        case .compiled:
            Finding(
                .slow, "inner loops", "without AVX2: many times slower than on processors since 2013",
                advice: facts.features.contains("hypervisor")
                    ? "this is a virtual machine: let it see the host's processor (QEMU: -cpu host)" : "use a newer processor")
        }
    }
}
