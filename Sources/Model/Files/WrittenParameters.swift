import Foundation
import Tensor

/// The parameters of a model on their way into a file: renamed, and in the form that is read there.
struct WrittenParameters {
    let model: LanguageModel
    let naming: ParameterNaming
    let rotaryLayout: RotaryLayout
    /// What is added to the weights of norms.
    var normShift: Float = 0
    /// What queries are multiplied by.
    var queryFactor: Float = 1
    /// What is written in place of a parameter.
    let replacement: (ParameterPlace, Tensor) -> Tensor

    func name(_ place: ParameterPlace) -> String { naming.parameterName(of: place) }

    /// What is written of a parameter.
    func values(_ place: ParameterPlace, _ tensor: Tensor) -> Tensor {
        let values = replacement(place, tensor)
        let configuration = model.configuration
        if let order = configuration.rowOrder(of: place, from: configuration.rotaryLayout, to: rotaryLayout) {
            return changed(values.reordered(by: order), 0, factor(of: place))
        }
        guard naming.tilesValueHeads, case .layer(_, let part) = place else { return changed(values, place) }
        let (rows, columns) = configuration.valueHeadOrder(of: place, tiling: true)
        let tiled = values.reordered(rows: rows, columns: columns)
        guard case .decayRate = part else { return changed(tiled, place) }
        return Tensor(tiled.values.map { -exp($0) }, shape: tiled.shape)
    }

    private func changed(_ values: Tensor, _ place: ParameterPlace) -> Tensor {
        changed(values, place.isNorm ? normShift : 0, factor(of: place))
    }

    private func changed(_ tensor: Tensor, _ shift: Float, _ factor: Float) -> Tensor {
        shift == 0 && factor == 1 ? tensor : Tensor(tensor.values.map { factor * ($0 + shift) }, shape: tensor.shape)
    }

    /// The factor of queries, at what makes them: their norm, or their projection where they have none.
    private func factor(of place: ParameterPlace) -> Float {
        guard queryFactor != 1, case .layer(_, let part) = place else { return 1 }
        switch part {
        case .queryNorm: return queryFactor
        case .linear(.query, _), .bias(.query, _): return model.configuration.queryKeyNorm == .none ? queryFactor : 1
        default: return 1
        }
    }
}
