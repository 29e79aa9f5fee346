import CKernels

extension Tensor {
    /// The values of a stored tensor, taken from the file's own pages where they lie there in order, which are given
    /// back then.
    ///
    /// - Parameter precision: the type the values are rounded to
    /// - Throws: ``TensorFileError/unsupported(_:)`` for complex elements
    public convenience init(_ stored: StoredTensor, precision: Precision = .float32) throws(TensorFileError) {
        try self.init(stored, precision, nil)
    }

    /// The values of a stored tensor, of which each is to be a finite number, in the file and in the type that it is
    /// rounded to.
    ///
    /// - Throws: as ``init(_:precision:)``; ``TensorFileError/notFinite(value:index:)``,
    ///   ``TensorFileError/beyondRange(value:index:of:)``
    public convenience init(finite stored: StoredTensor, precision: Precision = .float32) throws(TensorFileError) {
        let search = OverflowSearch(limit: .infinity, precision)
        try self.init(stored, precision, search)
        if let place = search.place { throw stored.error(ofValueAt: place, in: precision) }
    }

    /// - Parameter search: looks at each part of the values as it is there, while it lies in the processor's cache
    private convenience init(
        _ stored: StoredTensor, _ precision: Precision, _ search: OverflowSearch?
    ) throws(TensorFileError) {
        let type = stored.elementType.precision
        if stored.elementType.isQuantized {
            self.init(uninitialized: stored.shape, precision)
            stored.dequantize(to: precision, address(), search)
            MappedPages.release(stored.contiguousBytes)
            return
        }
        guard let type, stored.isContiguous else {
            self.init(try stored.floats(), shape: stored.shape, precision: precision)
            Parallel.ranges(count) { search?.look(at: address($0.lowerBound), $0) }
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
                let target = address($0.lowerBound)
                convert_values(Int64($0.count), type.code, start + $0.lowerBound * type.size, precision.code, target)
                search?.look(at: target, $0)
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
