import CKernels

extension Tensor {
    /// The values of a stored tensor, taken from the file's own pages where they lie there in order, which are given
    /// back then.
    ///
    /// - Parameter precision: the type the values are rounded to
    /// - Throws: ``TensorFileError/unsupported(_:)`` for complex elements
    public convenience init(_ stored: StoredTensor, precision: Precision = .float32) throws(TensorFileError) {
        let type: Precision? =
            switch stored.elementType {
            case .float32: .float32
            case .float16: .float16
            case .bfloat16: .bfloat16
            default: nil
            }
        if stored.elementType.isQuantized {
            self.init(uninitialized: stored.shape, precision)
            stored.dequantize(to: precision, address())
            MappedPages.release(stored.contiguousBytes)
            return
        }
        guard let type, stored.isContiguous else {
            self.init(try stored.floats(), shape: stored.shape, precision: precision)
            return
        }
        self.init(uninitialized: stored.shape, precision)
        stored.contiguousBytes.withUnsafeBytes { bytes in
            guard let source = bytes.baseAddress else { return }
            // A value that does not lie on its own alignment is moved first.
            let isAligned = UInt(bitPattern: source) % UInt(type.size) == 0
            let copy = isAligned ? nil : Storage(bytes: bytes.count)
            copy?.pointer.copyMemory(from: source, byteCount: bytes.count)
            let start = copy.map { UnsafeRawPointer($0.pointer) } ?? source
            Parallel.ranges(count) {
                convert_values(
                    Int64($0.count), type.code, start + $0.lowerBound * type.size, precision.code, address($0.lowerBound))
            }
            withExtendedLifetime(copy) {}
            MappedPages.release(bytes)
        }
    }

    /// Sets all values, rounded to the tensor's type. What was derived from the old ones is dropped.
    public func replaceValues(_ values: [Float]) {
        precondition(values.count == count, "\(values.count) values for a tensor of \(shape)")
        let target = address()
        packedForms = [:]
        values.withUnsafeBufferPointer { convert_values(Int64(count), 0, $0.baseAddress, precision.code, target) }
    }
}
