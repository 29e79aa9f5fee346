import Model

/// What an adapter changes in one linear layer.
public struct ModuleAnalysis: Sendable {
    /// What the change is.
    public enum Update: Sendable {
        /// `ΔW = scale B A`.
        case lowRank
        /// DoRA's: `ΔW = magnitude / ‖W + scale B A‖ · (W + scale B A) - W`, row by row.
        case rescaled
        /// The low-rank part of DoRA's, `scale B A`: for the whole the base would be needed, which was not given.
        case lowRankPart
    }

    /// What the model calls the layer, such as `layers.0.attention.wq`.
    public let name: String
    /// Where it stands.
    public let place: ParameterPlace
    /// Of the layer's weight and of `ΔW`, `[out, in]`.
    public let shape: [Int]
    /// The inner width of the factors.
    public let rank: Int
    /// The factor before `B A`.
    public let scale: Float
    /// What the numbers are of.
    public let update: Update
    /// Of `scale B A`, descending: as many as the rank, or as the smaller width where that is less. Of DoRA too, whose
    /// own change has no such rank.
    public let singularValues: [Double]
    /// ``effectiveRank(of:)`` the singular values.
    public let effectiveRank: Double
    /// `‖ΔW‖`, Frobenius' norm.
    public let norm: Double
    /// `‖W‖` of the base; `nil` where that was not given.
    public let baseNorm: Double?

    /// The layer of the model that it stands in, counted from 0.
    public var layer: Int {
        if case .layer(let index, _) = place { index } else { 0 }
    }

    /// Its name without what all names of its layer begin with, such as `attention.wq`.
    public var part: String {
        let words = name.split(separator: ".")
        guard let number = words.firstIndex(of: Substring(String(layer))) else { return name }
        return words[(number + 1)...].joined(separator: ".")
    }

    /// `‖ΔW‖ / ‖W‖`; `nil` where the base was not given, or is zero.
    public var relativeNorm: Double? { baseNorm.flatMap { $0 > 0 ? norm / $0 : nil } }

    /// The name of the picture's file: `LoRA Weight for …` is saved by the module's name, its dots as underscores.
    public var fileName: String { name.replacing(".", with: "_") + ".png" }
}
