import CKernels

/// The type in which linear layers and attention products read their inputs and return their
/// results, by the rules of `torch.autocast`: products accumulate in float32; norms, softmax, loss,
/// the residual stream and master weights stay float32 in any case.
///
/// The 16-bit types are emulated: values are rounded to the type's grid and kept as float32.
public enum Precision: String, Sendable, CaseIterable {
    case float32, bfloat16, float16

    /// The number by which the C kernels know it.
    var code: Int32 {
        switch self {
        case .float32: 0
        case .bfloat16: 1
        case .float16: 2
        }
    }

    /// `value` rounded to the type: to nearest, ties to even.
    public func rounded(_ value: Float) -> Float {
        var result: Float = 0
        withUnsafePointer(to: value) { round_f32(1, code, $0, &result) }
        return result
    }
}

extension Tensor {
    /// The values as a product in `precision` reads them: the tensor itself in float32, else a
    /// rounded copy. A frozen parameter keeps its copy for the next time.
    func operand(_ precision: Precision) -> Operand {
        if precision == .float32 { return Operand(storage: storage, offset: offset) }
        if let copy = roundedCopies[precision] { return Operand(storage: copy, offset: 0) }
        let copy = Storage(count: count)
        Parallel.ranges(count) {
            round_f32(Int64($0.count), precision.code, pointer + $0.lowerBound, copy.pointer + $0.lowerBound)
        }
        if keepsRoundedCopies && !isTrainable { roundedCopies[precision] = copy }
        return Operand(storage: copy, offset: 0)
    }

    /// Rounds the values in place.
    func round(to precision: Precision) {
        guard precision != .float32 else { return }
        Parallel.ranges(count) {
            round_f32(Int64($0.count), precision.code, pointer + $0.lowerBound, pointer + $0.lowerBound)
        }
    }
}

/// Values that a product reads, kept alive for as long as it does.
struct Operand {
    let storage: Storage
    let offset: Int
    var pointer: UnsafePointer<Float> { UnsafePointer(storage.pointer + offset) }
}
