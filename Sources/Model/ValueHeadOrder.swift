import Tensor

extension ModelConfiguration {
    /// The orders that put rows of a parameter of linear attention, or its columns, from where the heads of values that share a
    /// head of keys stand together, as in the model, to where the first heads of all heads of keys come before the second ones,
    /// as llama.cpp has them ("tiled"), or back: for each new row the old one.
    ///
    /// - Parameter tiling: to llama.cpp's order; `false` for back
    /// - Returns: `nil` where they stay
    package func valueHeadOrder(of place: ParameterPlace, tiling: Bool) -> (rows: [Int32]?, columns: [Int32]?) {
        guard case .layer(let layer, let part) = place, case .gatedDeltaNet(let heads, _) = kind(ofLayer: layer),
            heads.keyHeads > 1, heads.valueHeads > heads.keyHeads
        else { return (nil, nil) }
        let served = heads.valueHeads / heads.keyHeads
        let order = (0..<heads.valueHeads).map { head in
            tiling ? head % heads.keyHeads * served + head / heads.keyHeads : head % served * heads.keyHeads + head / served
        }
        func rows(of width: Int, after first: Int = 0) -> [Int32] {
            (0..<first).map(Int32.init) + order.flatMap { head in (0..<width).map { Int32(first + head * width + $0) } }
        }
        return switch part {
        case .linear(.deltaInput, _), .bias(.deltaInput, _), .convolution, .convolutionBias:
            (rows(of: heads.valueDim, after: 2 * heads.keyWidth), nil)
        case .linear(.deltaGate, _), .bias(.deltaGate, _): (rows(of: heads.valueDim), nil)
        case .linear(.deltaBeta, _), .bias(.deltaBeta, _), .linear(.deltaDecay, _), .bias(.deltaDecay, _), .decayRate, .decayBias:
            (rows(of: 1), nil)
        case .linear(.deltaOutput, _): (nil, rows(of: heads.valueDim))
        default: (nil, nil)
        }
    }
}

extension Tensor {
    /// Rows and columns in other orders; `nil` for those that stay.
    func reordered(rows: [Int32]?, columns: [Int32]?) -> Tensor {
        let tensor = rows.map { reordered(by: $0).reshaped(to: shape) } ?? self
        guard let columns else { return tensor }
        let values = tensor.values
        return Tensor(
            (0..<tensor.rows).flatMap { row in columns.map { values[row * columns.count + Int($0)] } }, shape: shape,
            precision: precision)
    }
}
