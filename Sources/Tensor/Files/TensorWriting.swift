import CKernels

extension AtomicFile.Output {
    /// Values are converted a part at a time: a multiple of every block's size.
    private static let part = 1 << 20

    /// Writes the values of a tensor, rounded to the type.
    ///
    /// - Parameter type: float32, float16, bfloat16 or Q8_0
    func write(_ tensor: Tensor, as type: ElementType) throws(TensorFileError) {
        let (source, size, from) = (UnsafeRawPointer(tensor.address()), tensor.precision.size, tensor.precision.code)
        let target = type.precision
        if target == tensor.precision {
            return try write(UnsafeRawBufferPointer(start: source, count: tensor.count * size))
        }
        let blockSize = type.elementsPerBlock
        let buffer = Storage(bytes: min(Self.part, tensor.count) / blockSize * type.size)
        for first in stride(from: 0, to: tensor.count, by: Self.part) {
            let count = min(Self.part, tensor.count - first)
            let start = buffer.pointer
            Parallel.ranges(count / blockSize, grain: 32768 / blockSize) {
                let values = source + (first + $0.lowerBound * blockSize) * size
                let place = start + $0.lowerBound * type.size
                if let target {
                    convert_values(Int64($0.count), from, values, target.code, place)
                } else {
                    quantize_q8_0(Int64($0.count), from, values, place)
                }
            }
            try write(UnsafeRawBufferPointer(start: start, count: count / blockSize * type.size))
        }
        withExtendedLifetime(tensor) {}
    }
}

extension ElementType {
    /// The same type as one that tensors compute in; `nil` where there is none.
    var precision: Precision? {
        switch self {
        case .float32: .float32
        case .float16: .float16
        case .bfloat16: .bfloat16
        default: nil
        }
    }
}
