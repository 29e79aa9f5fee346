import Model
import Tensor

/// An adapter apart from any model: what files of every format are read into and written from.
public struct AdapterState: Sendable {
    /// The update of a linear layer, or of the embedding, whose weight is `[vocabulary, dim]`: the weight acts as `W + scale B A`, with a magnitude as
    /// `magnitude / ‖W + scale B A‖ · (W + scale B A)`, row by row.
    public struct Module: Sendable {
        /// Where the module stands, whatever a file calls it.
        public var place: ParameterPlace
        /// `[rank, in]`
        public var a: StoredTensor
        /// `[out, rank]`
        public var b: StoredTensor
        /// DoRA's length of each row of the weight, `[out]`; `nil` for a plain adapter.
        public var magnitude: StoredTensor?
        /// The factor before `B A`.
        public var scale: Float

        /// An update of a layer; without a magnitude a plain one.
        public init(place: ParameterPlace, a: StoredTensor, b: StoredTensor, magnitude: StoredTensor? = nil, scale: Float = 1) {
            self.place = place
            self.a = a
            self.b = b
            self.magnitude = magnitude
            self.scale = scale
        }

        /// The inner width: the number of rows of A.
        public var rank: Int { a.shape.first ?? 0 }
    }

    /// A parameter that the adapter has in the place of the model's own.
    public struct Parameter: Sendable {
        /// Where it stands, whatever a file calls it.
        public var place: ParameterPlace
        /// Of the parameter's shape, but with more rows for a vocabulary that was enlarged.
        public var values: StoredTensor
        /// Whether it is trained, or only goes along.
        public var isTrained: Bool

        /// A parameter of the adapter's own.
        public init(place: ParameterPlace, values: StoredTensor, isTrained: Bool = true) {
            self.place = place
            self.values = values
            self.isTrained = isTrained
        }
    }

    /// Rows of the embedding or the output projection that are trained apart from the others (PEFT's `trainable_token_indices`).
    public struct Rows: Sendable {
        /// The embedding, or the output projection. Rows of the embedding of a tied model are those of its projection, too, where
        /// that has none of its own.
        public var place: ParameterPlace
        /// Whose rows they are, each token once.
        public var tokens: [Int32]
        /// `[tokens, dim]`
        public var values: StoredTensor

        /// Rows of some tokens.
        public init(place: ParameterPlace, tokens: [Int32], values: StoredTensor) {
            self.place = place
            self.tokens = tokens
            self.values = values
        }
    }

    /// The adapted modules, each once, in the order of the model.
    public var modules: [Module]
    /// Parameters of its own, each once: PEFT's `modules_to_save`, and an enlarged embedding.
    public var parameters: [Parameter] = []
    /// Rows of its own, for the embedding and the output projection.
    public var rows: [Rows] = []
    /// Whether the output projection of a tied model stays tied to an embedding among ``parameters`` (PEFT's `ensure_weight_tying`).
    public var tiesOutput = false
    /// How the rows of the queries' and the keys' B (and magnitude) stand: as in the weights of the model they were
    /// trained on. An adapter is put on a model of the other layout all the same.
    public var rotaryLayout: RotaryLayout
    /// Whether a scale is `alpha / √rank` instead of `alpha / rank` (Kalajdzievski 2023).
    public var usesRankStabilizedScale: Bool
    /// The share of the adapter's input that training leaves out.
    public var dropout: Float
    /// What is known of where the adapter comes from, as a file may carry it.
    public var provenance: JSONObject?
    /// What was taken off the base when the training started: the factors belong to the rest of it.
    public var start = AdapterStart.standard

    /// An adapter of some layers.
    public init(
        modules: [Module], rotaryLayout: RotaryLayout, usesRankStabilizedScale: Bool = false, dropout: Float = 0,
        provenance: JSONObject? = nil
    ) {
        self.modules = modules
        self.rotaryLayout = rotaryLayout
        self.usesRankStabilizedScale = usesRankStabilizedScale
        self.dropout = dropout
        self.provenance = provenance
    }

    /// Whether there is nothing in it.
    public var isEmpty: Bool { modules.isEmpty && parameters.isEmpty && rows.isEmpty }

    /// How many tokens the embedding and the output projection know with it.
    ///
    /// - Parameter size: how many they know without it
    public func vocabularySize(of size: Int) -> Int {
        let owned = parameters.filter { $0.place.isOfVocabulary }.compactMap(\.values.shape.first)
        return (owned + rows.flatMap(\.tokens).map { Int($0) + 1 } + [size]).max() ?? size
    }

    /// What is wrong with tokens that follow on no others: nothing says what the rows between them are. `nil` where nothing is.
    ///
    /// - Parameters:
    ///   - tokens: that have rows
    ///   - size: how many tokens the model knows without them
    static func gap(before tokens: some Sequence<Int32>, of size: Int) -> String? {
        let new = Set(tokens.filter { Int($0) >= size })
        guard let last = new.max(), Int(last) + 1 - size != new.count else { return nil }
        return "there are rows for token \(last), but the model knows \(size) tokens and not all between them have rows"
    }

    /// The same of the rows of this adapter.
    func gap(of size: Int) -> String? {
        let owned = parameters.filter { $0.place.isOfVocabulary }.compactMap(\.values.shape.first).max() ?? 0
        return Self.gap(before: rows.flatMap(\.tokens), of: max(size, owned))
    }

    /// Whether any layer has a magnitude (DoRA, Liu et al. 2024).
    public var usesDoRA: Bool { modules.contains { $0.magnitude != nil } }

    /// The alpha that gives a module its scale: `scale · rank`, or `scale · √rank`.
    public func alpha(of module: Module) -> Float {
        module.scale * (usesRankStabilizedScale ? Float(module.rank).squareRoot() : Float(module.rank))
    }
}

extension ParameterPlace {
    /// Whether it has a row for each token: the embedding, or the output projection.
    package var isOfVocabulary: Bool { self == .embedding || self == .output }
}
