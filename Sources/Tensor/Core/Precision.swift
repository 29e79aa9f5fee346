import CKernels

/// The type of a tensor's values, and of what matrix products read and return, by the rules of
/// `torch.autocast`: products accumulate in float32; norms, softmax, loss, the residual stream and
/// master weights stay float32 in any case.
public enum Precision: String, Sendable, CaseIterable {
    /// IEEE single precision: 8 bits of exponent, 23 of fraction.
    case float32
    /// The upper half of a float32: its range, with 7 bits of fraction.
    case bfloat16
    /// IEEE half precision: 5 bits of exponent, 10 of fraction; up to 65,504.
    case float16

    /// The number by which the C kernels know it.
    var code: Int32 {
        switch self {
        case .float32: 0
        case .bfloat16: 1
        case .float16: 2
        }
    }

    /// The size of a value, in bytes.
    public var size: Int { self == .float32 ? 4 : 2 }

    /// `value` rounded to the type: to nearest, ties to even.
    public func rounded(_ value: Float) -> Float {
        var result: Float = 0
        withUnsafePointer(to: value) { round_f32(1, code, $0, &result) }
        return result
    }
}

extension Tensor {
    /// The same values in another type; the tensor itself where it has that type already. Outside of
    /// the gradient's record.
    public func converted(to precision: Precision) -> Tensor {
        guard precision != self.precision else { return self }
        let copy = Tensor(uninitialized: shape, precision)
        let (source, size) = (address(), self.precision.size)
        Parallel.ranges(count) {
            convert_values(
                Int64($0.count), self.precision.code, source + $0.lowerBound * size, precision.code, copy.address($0.lowerBound))
        }
        return copy
    }
}
