import Foundation

/// What queries are multiplied by as positions grow, so that attention to long texts stays sharp: at position `p`,
/// `1 + scale * ln(1 + floor(p / positions))` (Llama 4, Ministral 3).
public struct AttentionTemperature: Sendable, Equatable {
    /// How fast the factor grows.
    public var scale: Float
    /// How many positions have the same factor; that of the first ones is 1.
    public var positions: Int

    /// A factor that grows with the position.
    public init(scale: Float, positions: Int) {
        (self.scale, self.positions) = (scale, positions)
    }

    /// The factor of queries at a position.
    func factor(at position: Int) -> Float { 1 + scale * logf(1 + Float(position / positions)) }
}

extension ModelConfiguration {
    /// - Throws: ``ModelError/configuration(_:)`` for numbers that no factors come of,
    ///   ``ModelError/unsupported(_:)`` where some values of queries do not turn: the factor is part of the turning
    func checkTemperature() throws(ModelError) {
        guard let attentionTemperature else { return }
        let (scale, positions) = (attentionTemperature.scale, attentionTemperature.positions)
        guard scale.isFinite, scale >= 0, positions > 0, positions < Self.maximumPositions else {
            throw .configuration("queries cannot grow by \(scale) every \(positions) positions")
        }
        if case .yarn(let yarn)? = ropeScaling, yarn.originalPositions != positions {
            throw .unsupported(
                "queries that grow every \(positions) positions, and a YaRN from \(yarn.originalPositions) positions on, are not supported")
        }
        guard rotaryDim == nil, unrotatedLayers.isEmpty else {
            throw .unsupported("queries that grow with their position, and of which not all values turn, are not supported")
        }
    }
}
