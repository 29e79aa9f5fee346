import Model

/// How new adapters are laid out: which modules get one, of what rank and scale, how they start, and what else is trained.
public struct LoRAConfiguration: Sendable {
    /// How factors start.
    public enum Start: String, Sendable, CaseIterable {
        /// A from a normal distribution of standard deviation 0.02, B zero, as published.
        case standard = "default"
        /// PiSSA (Meng et al. 2024): the largest singular values of the weight with their vectors, which are taken off
        /// the weight meanwhile.
        case pissa
    }

    /// Which modules are adapted.
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
    /// Modules that are trained whole, by the ends of their names, as in PEFT's `modules_to_save`: `embed_tokens`, `lm_head`, `norm`.
    public var modulesToSave: [String] = []
    /// Tokens whose rows of the embedding and the output projection are trained, from what they are (PEFT's `trainable_token_indices`).
    public var trainedTokens: [Int32] = []
    /// Tokens that are new to the model, whose rows of the embedding and the output projection are trained. They start as the mean of
    /// all rows. The vocabulary grows where it does not know them yet.
    public var newTokens: [Int32] = []

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

    /// A module that gets an adapter.
    struct Plan {
        let module: AdaptedModule
        let rank: Int
        let scale: Float
    }

    /// The largest rank: far beyond any layer's width, and small enough to be multiplied.
    static let maximumRank = 1 << 16

    /// What each adapted module of a model gets, in the model's order.
    ///
    /// - Throws: ``LoRAError`` where a selector fits no layer, or a number is out of bounds
    func plan(for model: LanguageModel) throws(LoRAError) -> [Plan] {
        let modules = try targets.modules(of: model)
        guard !modules.isEmpty else { throw .noTargets }
        guard dropout >= 0, dropout < 1 else { throw .configuration("a dropout of \(dropout) is not from 0 to below 1") }
        guard start == .standard || !usesDoRA else {
            throw .configuration("PiSSA's start and DoRA do not go together: the one takes apart what the other keeps; choose one")
        }
        for module in modules where module.place.isOfVocabulary {
            guard !usesDoRA else { throw .configuration("DoRA does not join '\(module.name)'; leave it out, or train without DoRA") }
            guard start != .pissa || !module.sharesWeight else {
                throw .configuration(
                    "PiSSA cannot take '\(module.name)' apart, as embedding and output projection are one weight; leave it out")
            }
        }
        let ranks = try rank.values(for: modules)
        let alphas = try alpha?.values(for: modules)
        var plans: [Plan] = []
        for (index, (module, rank)) in zip(modules, ranks).enumerated() {
            let limit = start == .pissa ? min(module.inputWidth, module.outputWidth) : Self.maximumRank
            guard rank >= 1, rank <= limit else {
                throw .configuration("'\(module.name)' cannot have rank \(rank); from 1 to \(limit) fit")
            }
            let scale = alphas.map { $0[index] / (usesRankStabilizedScale ? Float(rank).squareRoot() : Float(rank)) } ?? 1
            guard scale.isFinite, scale > 0 else {
                throw .configuration("'\(module.name)' cannot have alpha \(alphas?[index] ?? 0); it is above 0")
            }
            plans.append(Plan(module: module, rank: rank, scale: scale))
        }
        return plans
    }
}
