import Tensor

extension StoredWeights {
    /// A number that stands for these very weights: over shape, element type and bytes of every parameter in the
    /// order of the model, a tied output projection left out.
    ///
    /// Container and names do not count: the same weights have one fingerprint in a `.pth` and in a safetensors
    /// file. Rounded to another type, or with the rows of another rotary layout, they are other weights.
    ///
    /// - Throws: ``ModelError/missingWeight(name:)``, ``ModelError/shape(name:found:expected:)``
    public func fingerprint(_ configuration: ModelConfiguration) throws(ModelError) -> Fingerprint {
        var tensors: [StoredTensor] = []
        try configuration.forEachParameter { (place, shape) throws(ModelError) in
            let (name, stored) = try tensor(place)
            guard stored.shape == shape else { throw .shape(name: name, found: stored.shape, expected: shape) }
            tensors.append(stored)
        }
        return Fingerprint(of: tensors)
    }
}
