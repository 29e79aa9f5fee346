import Tensor

extension LanguageModel {
    /// Looks whether all parameters, with what is merged into them, have finite values in a type, before anything is written.
    ///
    /// - Throws: ``ModelError/beyondRange(_:weights:)``, which names those that have not
    public func checkRange(of elementType: ElementType) throws(ModelError) {
        try checkRange(of: elementType) { _, _ in elementType }
    }

    /// Looks whether matrix products of a precision read finite weights.
    ///
    /// - Throws: ``ModelError/beyondRange(_:weights:)``
    package func checkRange(ofProductsIn precision: Precision) throws(ModelError) {
        let rounded: ElementType =
            switch precision {
            case .float32: .float32
            case .bfloat16: .bfloat16
            case .float16: .float16
            }
        try checkRange(of: rounded) { place, tensor in
            // Rows of the embedding are read as they are, unless it is the output projection too.
            tensor.shape.count == 1 || place == .embedding && !configuration.tiesEmbedding ? .float32 : rounded
        }
    }

    /// - Parameter type: what a parameter is written as where most are written as `elementType`
    func checkRange(
        of elementType: ElementType, writtenAs type: (ParameterPlace, Tensor) -> ElementType
    ) throws(ModelError) {
        var wrong: [String] = []
        for (place, tensor) in placedParameters {
            guard let found = tensor.firstPlace(beyond: type(place, tensor).overflow) else { continue }
            let name = configuration.naming.parameterName(of: place)
            wrong.append("'\(name)' (\(tensor.values[found]) at \(tensor.shape.index(ofPlace: found)))")
        }
        guard wrong.isEmpty else { throw .beyondRange(elementType, weights: wrong) }
    }
}
