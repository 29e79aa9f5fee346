import Model

/// How new adapters are laid out: which linear layers get one, of what rank and scale, and how they start.
public struct LoRAConfiguration: Sendable {
    /// How factors start.
    public enum Start: String, Sendable, CaseIterable {
        /// A from a normal distribution of standard deviation 0.02, B zero, as published.
        case standard = "default"
        /// PiSSA (Meng et al. 2024): the largest singular values of the weight with their vectors, which are taken off
        /// the weight meanwhile.
        case pissa
    }

    /// Which linear layers are adapted.
    public var targets: ModuleTargets
    /// The inner width of an adapter; 16 as published.
    public var rank: PerModule<Int>
    /// With it, the factor before `B A` is `alpha / rank`; without, it is 1 as published.
    public var alpha: PerModule<Float>?
    /// Whether the factor is `alpha / √rank` instead (Kalajdzievski 2023).
    public var usesRankStabilizedScale = false
    /// The share of an adapter's input that training leaves out.
    public var dropout: Float = 0
    /// Whether the length of each row of the weight is trained apart from its direction (Liu et al. 2024).
    public var usesDoRA = false
    /// How the factors start.
    public var start = Start.standard

    /// Ranks and alphas that may differ from layer to layer; by default the published recipe.
    public init(targets: ModuleTargets = .square, rank: PerModule<Int> = PerModule(16), alpha: PerModule<Float>? = nil) {
        self.targets = targets
        self.rank = rank
        self.alpha = alpha
    }

    /// One rank and one scale for all layers.
    ///
    /// - Parameter scale: the factor before `B A`
    public init(targets: ModuleTargets = .square, rank: Int, scale: Float = 1) {
        self.init(targets: targets, rank: PerModule(rank), alpha: scale == 1 ? nil : PerModule(scale * Float(rank)))
    }

    /// A layer that gets an adapter.
    struct Plan {
        let linear: Linear
        let rank: Int
        let scale: Float
    }

    /// The largest rank: far beyond any layer's width, and small enough to be multiplied.
    static let maximumRank = 1 << 16

    /// What each adapted layer of a model gets, in the model's order.
    ///
    /// - Throws: ``LoRAError`` where a selector fits no layer, or a number is out of bounds
    func plan(for model: LanguageModel) throws(LoRAError) -> [Plan] {
        let linears = try targets.linears(of: model)
        guard !linears.isEmpty else { throw .noTargets }
        guard dropout >= 0, dropout < 1 else { throw .configuration("a dropout of \(dropout) is not from 0 to below 1") }
        guard start == .standard || !usesDoRA else {
            throw .configuration("PiSSA's start and DoRA do not go together: the one takes apart what the other keeps; choose one")
        }
        let ranks = try rank.values(for: linears)
        let alphas = try alpha?.values(for: linears)
        var plans: [Plan] = []
        for (index, (linear, rank)) in zip(linears, ranks).enumerated() {
            let limit = start == .pissa ? min(linear.inputWidth, linear.outputWidth) : Self.maximumRank
            guard rank >= 1, rank <= limit else {
                throw .configuration("'\(linear.name)' cannot have rank \(rank); from 1 to \(limit) fit")
            }
            let scale = alphas.map { $0[index] / (usesRankStabilizedScale ? Float(rank).squareRoot() : Float(rank)) } ?? 1
            guard scale.isFinite, scale > 0 else {
                throw .configuration("'\(linear.name)' cannot have alpha \(alphas?[index] ?? 0); it is above 0")
            }
            plans.append(Plan(linear: linear, rank: rank, scale: scale))
        }
        return plans
    }
}
