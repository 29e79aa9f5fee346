/// A tensor that a file is to hold: known by name, type and shape, and asked for its values when it is their turn.
struct WrittenTensor {
    let name: String
    let shape: [Int]
    let type: ElementType
    private let contents: Contents

    private enum Contents {
        /// Bytes as another file has them.
        case stored(StoredTensor)
        case values(() throws(TensorFileError) -> Tensor)
    }

    /// A tensor whose values are made when they are written, and given up then.
    ///
    /// - Parameter values: of any precision; called once by each ``write(to:)``
    init(_ name: String, shape: [Int], as type: ElementType, values: @escaping () throws(TensorFileError) -> Tensor) {
        self.name = name
        self.shape = shape
        self.type = type
        contents = .values(values)
    }

    /// A tensor of another file, in the type that it has there.
    init(_ name: String, _ tensor: StoredTensor) {
        self.name = name
        shape = tensor.shape
        type = tensor.elementType
        contents = .stored(tensor)
    }

    var byteCount: Int { shape.reduce(1, *) / type.elementsPerBlock * type.size }

    func write(to output: AtomicFile.Output) throws(TensorFileError) {
        switch contents {
        case .stored(let tensor): try output.write(tensor.contiguousBytes)
        case .values(let make):
            let tensor = try make()
            precondition(tensor.shape == shape, "'\(name)' of shape \(tensor.shape), not \(shape)")
            try output.write(tensor, as: type)
        }
    }
}
