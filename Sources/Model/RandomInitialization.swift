import Foundation
import Tensor

extension LanguageModel {
    /// A model with random weights, to be trained from nothing: matrices and kernels from a normal distribution
    /// of standard deviation 0.02, norms that multiply by 1, biases 0.
    ///
    /// - Throws: nothing but what the configuration threw already
    public convenience init(_ configuration: ModelConfiguration, seed: UInt64) throws(ModelError) {
        var generator = RandomGenerator(seed: seed)
        try self.init(configuration) { (place, shape) throws(ModelError) in
            switch place {
            case .layer(_, .deltaNorm), .layer(_, .decayBias): return Tensor(repeating: 1, shape: shape)
            // Of rates from 0 to 16, as transformers has them.
            case .layer(_, .decayRate):
                return Tensor((0..<shape.reduce(1, *)).map { _ in Float(log(0.01 + 15.99 * generator.uniform())) }, shape: shape)
            case _ where place.isBias: return Tensor(repeating: 0, shape: shape)
            case _ where place.isNorm: return Tensor(repeating: 1 - configuration.normOffset, shape: shape)
            default: return Tensor((0..<shape.reduce(1, *)).map { _ in 0.02 * generator.normal() }, shape: shape)
            }
        }
    }
}
