/// How the command was built.
struct BuildProbe: Probe {
    let title = "Build"
    let version: String
    let isDebug: Bool
    let traits: [String]
    let processorFeatures: Set<String>

    func findings() -> [Finding] {
        [
            Finding(.note, "version", version),
            isDebug
                ? Finding(
                    .slow, "configuration", "debug, many times slower",
                    advice: "swift build -c release, or make build; then .build/release/lora-train")
                : Finding(.ok, "configuration", "release"),
            traitFinding,
        ]
    }

    private var traitFinding: Finding {
        let words = traits.isEmpty ? "none" : traits.joined(separator: ", ")
        if processorFeatures.contains("amx_bf16"), !traits.contains("OneDNN") {
            return Finding(
                .slow, "traits", words, advice: "oneDNN alone uses the processor's AMX: build with --traits OpenBLAS,OneDNN,Oniguruma")
        }
        if processorFeatures.contains("avx2"), !processorFeatures.contains("avx512_bf16"), !traits.contains("OpenBLAS"),
            !traits.contains("OneDNN")
        {
            return Finding(
                .slow, "traits", words,
                advice: "the libraries are faster than our own product on this processor: build with --traits OpenBLAS,OneDNN,Oniguruma")
        }
        return Finding(.ok, "traits", words)
    }
}
