import Tensor

/// The three generations of MiniMind: what a published file's keys are called, and what a model is where
/// nothing else says so.
public enum ModelGeneration: String, Sendable, CaseIterable {
    /// February to April 2025: keys of its own, rotary pairs interleaved.
    case v2Classic = "v2-classic"
    /// From April 2025: a Llama as Hugging Face has it.
    case v2
    /// From March 2026: a Qwen3, with a norm for each head's queries and keys.
    case v3

    /// What the parameters are called in its state dict.
    public var naming: WeightNaming { self == .v2Classic ? .classic : .huggingFace }

    /// Which values of a head turn together.
    public var rotaryLayout: RotaryLayout { self == .v2Classic ? .interleaved : .rotateHalf }

    /// The published width of the residual stream.
    public var defaultDim: Int { self == .v3 ? 768 : 512 }

    /// The published number of heads of keys and values.
    public var defaultKeyValueHeadCount: Int { self == .v3 ? 4 : 2 }

    /// How many positions the published configuration names.
    var defaultContextLength: Int { self == .v2Classic ? 8192 : 32768 }

    var defaultNormEpsilon: Float { self == .v3 ? 1e-6 : 1e-5 }

    /// The published width inside the feed-forward layer: 2/3 · 4 · dim, or π · dim, rounded up to a multiple
    /// of 64.
    func defaultHiddenDim(_ dim: Int) -> Int {
        self == .v3 ? Int((Double(dim) * .pi / 64).rounded(.up)) * 64 : (8 * dim / 3 + 63) / 64 * 64
    }

    /// Whether models divide the weights of a token's experts by their sum: those of 2025 leave a single one as it is.
    func dividesWeights(of experts: ExpertConfiguration, normalizing normalizesWeights: Bool) -> Bool {
        normalizesWeights && (self == .v3 || experts.perToken > 1)
    }

    /// The published mixture of experts.
    public var defaultExperts: ExpertConfiguration {
        self == .v3
            ? ExpertConfiguration(perToken: 1, sharedCount: 0, balance: .overBatch, auxiliaryCoefficient: 5e-4)
            : ExpertConfiguration()
    }
}
