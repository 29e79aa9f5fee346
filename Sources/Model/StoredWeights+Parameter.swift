import Foundation
import Tensor

extension StoredWeights {
    /// A parameter as a model has it: queries' and keys' rows in the layout of heads of its generation.
    ///
    /// - Throws: ``ModelError`` where it is missing, of another shape, or not readable
    func parameter(
        _ place: ParameterPlace, _ shape: [Int], of configuration: ModelConfiguration, precision: Precision
    ) throws(ModelError) -> Tensor {
        let (name, stored) = try tensor(place)
        guard stored.shape == shape else { throw .shape(name: name, found: stored.shape, expected: shape) }
        do {
            let tensor = try Tensor(finite: stored, precision: precision)
            let order = configuration.rowOrder(of: place, from: rotaryLayout, to: configuration.rotaryLayout)
            if normShift != 0, place.isNorm { return Tensor(tensor.values.map { $0 - normShift }, shape: shape) }
            if let order { return tensor.reordered(by: order) }
            guard naming.tilesValueHeads else { return tensor }
            let (rows, columns) = configuration.valueHeadOrder(of: place, tiling: false)
            let grouped = tensor.reordered(rows: rows, columns: columns)
            guard case .layer(_, .decayRate) = place else { return grouped }
            let rates = grouped.values.map { log(-$0) }
            guard rates.allSatisfy(\.isFinite) else { throw ModelError.configuration("a state that does not decay is not supported") }
            return Tensor(rates, shape: shape)
        } catch {
            throw .unreadableWeight(name: name, reason: "\(error)")
        }
    }
}

extension Tensor {
    /// The rows in another order, or the values where there is one dimension.
    func reordered(by order: [Int32]) -> Tensor {
        guard shape.count == 1 else { return ComputeContext.withoutGradient { gatherRows(self, order) } }
        let values = values
        return Tensor(order.map { values[Int($0)] }, shape: shape)
    }
}

extension ModelFile {
    /// The weight of a linear layer as the model has it, float32, without the rest of the model being read.
    ///
    /// - Parameter shape: `[out, in]`
    /// - Throws: ``ModelError/inFile(path:_:)`` where it is missing, of another shape, or not readable
    public func weight(at place: ParameterPlace, shape: [Int]) throws(ModelError) -> Tensor {
        do throws(ModelError) {
            let isTied = place == .output && configuration.tiesEmbedding
            return try weights.parameter(isTied ? .embedding : place, shape, of: configuration, precision: .float32)
        } catch {
            throw .inFile(path: path, error)
        }
    }
}
