import Foundation

/// Other layouts of the same elements, bit for bit.
extension StoredTensor {
    /// Rows and columns swapped, in the same bytes; `nil` unless it has two dimensions and no blocks.
    public var transposed: StoredTensor? {
        guard shape.count == 2, !elementType.isQuantized else { return nil }
        return try? StoredTensor(
            shape: shape.reversed(), elementType: elementType, storage: storage, offset: offset, strides: strides.reversed())
    }

    /// The same elements with one more dimension, of size 1, before the last; `nil` for a tensor without dimensions.
    public var withColumnDimension: StoredTensor? {
        guard let width = shape.last, let step = strides.last else { return nil }
        return try? StoredTensor(
            shape: shape.dropLast() + [1, width], elementType: elementType, storage: storage, offset: offset,
            strides: strides.dropLast() + [width * step, step])
    }

    /// The same rows in an order: for each new row the old one. The elements lie one behind the other then, in
    /// bytes of their own.
    ///
    /// - Parameter order: `nil` for the order that they have
    package func reordered(_ order: [Int32]?) -> StoredTensor {
        precondition(order.map { $0.count == shape.first } ?? true, "an order of \(order?.count ?? 0) rows for \(shape)")
        if order == nil, isContiguous { return self }
        return Self.filled(shape: shape, as: elementType) { copyRows(order, to: $0, rowBytes: rowBytes) }
    }

    /// The same columns in an order: for each new column the old one.
    ///
    /// - Parameter order: `nil` for the order that they have
    package func reordered(columns order: [Int32]?) -> StoredTensor {
        guard let order, let columns = transposed else { return self }
        return columns.reordered(order).transposed?.reordered(nil) ?? self
    }

    /// The same elements with zeros below and to the right.
    ///
    /// - Parameter shape: of two dimensions, none smaller
    package func padded(to shape: [Int]) -> StoredTensor {
        precondition(
            shape.count == 2 && self.shape.count == 2 && zip(shape, self.shape).allSatisfy(>=), "\(self.shape) does not fit in \(shape)")
        if shape == self.shape { return self }
        return Self.filled(shape: shape, as: elementType) { copyRows(nil, to: $0, rowBytes: shape[1] * elementType.size) }
    }

    /// Tensors of one shape and type side by side in a new first dimension.
    public static func stacked(_ tensors: [StoredTensor]) -> StoredTensor {
        precondition(
            !tensors.isEmpty && tensors.allSatisfy { $0.shape == tensors[0].shape && $0.elementType == tensors[0].elementType },
            "tensors of several shapes or types")
        return filled(shape: [tensors.count] + tensors[0].shape, as: tensors[0].elementType) { target in
            for (index, tensor) in tensors.enumerated() {
                tensor.copyRows(nil, to: target + index * tensor.byteCount, rowBytes: tensor.rowBytes)
            }
        }
    }

    /// The values in another type; the same tensor where it has that type.
    ///
    /// - Parameter elementType: float32, float16, bfloat16 or float64
    /// - Throws: ``TensorFileError/unsupported(_:)`` for complex elements, and for a finite value that is beyond
    ///   the range of float16
    public func converted(to elementType: ElementType) throws(TensorFileError) -> StoredTensor {
        if elementType == self.elementType { return self }
        let values = try floats()
        // What is rounded to 65,504 or less is below 65,520.
        if elementType == .float16, let value = values.first(where: { $0.isFinite && abs($0) >= 65520 }) {
            throw .unsupported("the value \(value) is beyond the range of float16; write bfloat16 or float32")
        }
        return StoredTensor(shape: shape, floats: values, as: elementType)
    }

    private var rowBytes: Int { shape.dropFirst().reduce(elementType.size, *) }

    /// Copies rows of one or two dimensions, one every `rowBytes`.
    private func copyRows(_ order: [Int32]?, to target: UnsafeMutableRawPointer, rowBytes: Int) {
        precondition(shape.count <= 2 && !elementType.isQuantized, "no rows of \(elementType) in \(shape)")
        let (size, columns) = (elementType.size, shape.count == 2 ? shape[1] : 1)
        let steps = (row: (strides.first ?? 0) * size, column: (shape.count == 2 ? strides[1] : 1) * size)
        storage.bytes.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress.map({ $0 + offset * size }) else { return }
            for row in 0..<(shape.first ?? 1) {
                let source = start + (order.map { Int($0[row]) } ?? row) * steps.row
                let place = target + row * rowBytes
                if steps.column == size {
                    place.copyMemory(from: source, byteCount: columns * size)
                } else {
                    for column in 0..<columns { (place + column * size).copyMemory(from: source + column * steps.column, byteCount: size) }
                }
            }
        }
    }

    private static func filled(
        shape: [Int], as elementType: ElementType, _ fill: (UnsafeMutableRawPointer) -> Void
    ) -> StoredTensor {
        var bytes = Foundation.Data(count: shape.reduce(elementType.size, *))
        bytes.withUnsafeMutableBytes { if let start = $0.baseAddress { fill(start) } }
        guard
            let tensor = try? StoredTensor(
                shape: shape, elementType: elementType, storage: SharedBytes(bytes), offset: 0, strides: contiguousStrides(shape))
        else { preconditionFailure("\(bytes.count) bytes for a tensor of \(shape)") }
        return tensor
    }
}
