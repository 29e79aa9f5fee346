import Foundation
import LoRA
import Model
import Tensor
import TestSupport
import Testing

extension AdapterState {
    /// An adapter of random values on all linear layers of a model.
    static func random(
        on configuration: ModelConfiguration, rank: Int = 3, scale: Float = 1.5, hasMagnitudes: Bool = false
    ) -> AdapterState {
        var generator = RandomGenerator(seed: 11)
        func tensor(_ shape: [Int], _ deviation: Float, around mean: Float = 0) -> StoredTensor {
            StoredTensor(shape: shape, floats: (0..<shape.reduce(1, *)).map { _ in mean + deviation * generator.normal() })
        }
        return AdapterState(
            modules: configuration.linearPlaces.map { place, shape in
                Module(
                    place: place, a: tensor([rank, shape[1]], 0.3), b: tensor([shape[0], rank], 0.2),
                    magnitude: hasMagnitudes ? tensor([shape[0]], 0.1, around: 1) : nil, scale: scale)
            }, rotaryLayout: configuration.rotaryLayout)
    }
}

extension AdapterState.Module {
    /// `ΔW` as the formulas have it, sum by sum in float64.
    ///
    /// - Parameter weight: of the layer; without it `scale B A`
    func plainUpdate(of weight: [Float]? = nil) throws -> [Double] {
        let (a, b, lengths) = (try a.floats(), try b.floats(), try magnitude?.floats())
        let (rows, columns) = (self.b.shape[0], self.a.shape[1])
        var update = [Double](repeating: 0, count: rows * columns)
        for row in 0..<rows {
            for column in 0..<columns {
                var sum = 0.0
                for inner in 0..<rank { sum += Double(b[row * rank + inner]) * Double(a[inner * columns + column]) }
                update[row * columns + column] = Double(scale) * sum
            }
            guard let weight, let lengths else { continue }
            let places = row * columns..<(row + 1) * columns
            let adapted = places.map { Double(weight[$0]) + update[$0] }
            let length = adapted.reduce(0) { $0 + $1 * $1 }.squareRoot()
            for (place, value) in zip(places, adapted) { update[place] = Double(lengths[row]) / length * value - Double(weight[place]) }
        }
        return update
    }
}

func norm(_ values: some Sequence<Double>) -> Double { values.reduce(0) { $0 + $1 * $1 }.squareRoot() }

extension Golden {
    /// The base of the case as it lies on disk.
    func file() throws -> ModelFile { try ModelFile.open(folder + "/base.pth", ModelHints(headCount: configuration.headCount)) }
}
