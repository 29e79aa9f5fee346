import CKernels

/// What the record of gradients knows of a tensor: how it was made, and the gradient of it so far.
final class GradientNode {
    /// The shape of the tensor, and so of its gradient.
    let shape: [Int]

    /// The type of the tensor's values.
    let precision: Precision

    /// Whether the tensor is a parameter whose gradient somebody wants.
    var isTrainable = false

    /// The operation that made the tensor, while its record is kept.
    var producer: Operation?

    /// How many recorded operations read the tensor.
    var readers = 0

    var gradient: Tensor?

    /// Whether `gradient` is also held by another node and must not be written to.
    var gradientIsBorrowed = false

    init(shape: [Int], precision: Precision) {
        self.shape = shape
        self.precision = precision
    }

    /// Whether a gradient with respect to the tensor is of use to anybody.
    var needsGradient: Bool { isTrainable || producer != nil }

    func clearGradient() {
        gradient = nil
        gradientIsBorrowed = false
    }

    /// Adds a gradient. The first one is kept as it is, without a copy: the caller must not write
    /// to it afterwards, and it is marked as borrowed unless `owned`.
    func accumulate(_ addend: Tensor, owned: Bool = true) {
        guard gradient != nil else {
            gradient = addend
            gradientIsBorrowed = !owned
            return
        }
        withGradientToAdd { sum, _ in
            Parallel.ranges(addend.count) {
                accumulate_f32(
                    Int64($0.count), 1, addend.precision.code, addend.address($0.lowerBound), sum.pointer + $0.lowerBound)
            }
        }
    }

    /// Hands out a float32 gradient to write to: `isFresh` where its contents are undefined, otherwise
    /// the new gradient must be added to them.
    func withGradientToAdd(_ body: (_ gradient: Tensor, _ isFresh: Bool) -> Void) {
        if let present = gradient, !gradientIsBorrowed, present.precision == .float32 { return body(present, false) }
        let own = Tensor(uninitialized: shape)
        if let present = gradient {
            Parallel.ranges(own.count) {
                convert_values(
                    Int64($0.count), present.precision.code, present.address($0.lowerBound), 0, own.address($0.lowerBound))
            }
            body(own, false)
        } else {
            body(own, true)
        }
        gradient = own
        gradientIsBorrowed = false
    }

    /// Hands out a gradient for products to write to, which is float32 where several gradients are
    /// summed and has the tensor's type where there is only this one: then the next product reads it as
    /// it is.
    func withGradientOfProducts(_ body: (_ gradient: Tensor, _ isFresh: Bool) -> Void) {
        guard precision != .float32, gradient == nil, readers <= 1 else { return withGradientToAdd(body) }
        let own = Tensor(uninitialized: shape, precision)
        body(own, true)
        accumulate(own)
    }

    /// Hands out a float32 gradient to write, which is the sum with one that is there already where that is handed out too:
    /// the sum is taken in the pass that computes the gradient. The two may be one.
    func withGradientOfOnePass(_ body: (_ present: Tensor?, _ gradient: Tensor) -> Void) {
        let present = gradient?.precision == .float32 ? gradient : nil
        let own = present.flatMap { gradientIsBorrowed ? nil : $0 } ?? Tensor(uninitialized: shape)
        body(present, own)
        if present != nil { clearGradient() }
        accumulate(own)
    }
}
