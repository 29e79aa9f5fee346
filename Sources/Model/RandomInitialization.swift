import Tensor

extension LanguageModel {
    /// A model with random weights, to be trained from nothing: matrices and kernels from a normal distribution
    /// of standard deviation 0.02, norms that multiply by 1, biases 0.
    ///
    /// - Throws: nothing but what the configuration threw already
    public convenience init(_ configuration: ModelConfiguration, seed: UInt64) throws(ModelError) {
        var generator = RandomGenerator(seed: seed)
        try self.init(configuration) { (place, shape) throws(ModelError) in
            place.isBias || place.isNorm
                ? Tensor(repeating: place.isBias ? 0 : 1 - configuration.normOffset, shape: shape)
                : Tensor((0..<shape.reduce(1, *)).map { _ in 0.02 * generator.normal() }, shape: shape)
        }
    }
}
