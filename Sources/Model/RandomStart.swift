import Tensor

extension MiniMind {
    /// A model with random weights, to be trained from nothing: matrices from a normal distribution
    /// of standard deviation 0.02, norms 1.
    ///
    /// - Throws: nothing but what the configuration threw already
    public convenience init(_ configuration: ModelConfiguration, seed: UInt64) throws(ModelError) {
        var generator = RandomGenerator(seed: seed)
        try self.init(configuration) { (_, shape) throws(ModelError) in
            shape.count == 1
                ? Tensor(repeating: 1, shape: shape)
                : Tensor((0..<shape[0] * shape[1]).map { _ in 0.02 * generator.normal() }, shape: shape)
        }
    }
}
