import Model
import Tensor

/// An adapter apart from any model: what files of every format are read into and written from.
public struct AdapterState: Sendable {
    /// The update of one linear layer: its weight acts as `W + scale B A`, with a magnitude as
    /// `magnitude / ‖W + scale B A‖ · (W + scale B A)`, row by row.
    public struct Module: Sendable {
        /// Where the layer stands, whatever a file calls it.
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

    /// The adapted layers, each once, in the order of the model.
    public var modules: [Module]
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

    /// Whether any layer has a magnitude (DoRA, Liu et al. 2024).
    public var usesDoRA: Bool { modules.contains { $0.magnitude != nil } }

    /// The alpha that gives a module its scale: `scale · rank`, or `scale · √rank`.
    public func alpha(of module: Module) -> Float {
        module.scale * (usesRankStabilizedScale ? Float(module.rank).squareRoot() : Float(module.rank))
    }
}
