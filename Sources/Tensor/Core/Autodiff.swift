import CKernels
import Synchronization

/// The record of one operation: what it read, and how a gradient of its result becomes gradients
/// of what it read.
final class Operation {
    private static let clock = Atomic<UInt64>(0)

    /// Later operations have larger numbers, so descending numbers are an order in which every
    /// result comes before what it was made from.
    let number: UInt64
    let inputs: [Tensor]
    let backward: (_ gradient: Tensor) -> Void

    init(inputs: [Tensor], backward: @escaping (_ gradient: Tensor) -> Void) {
        number = Self.clock.wrappingAdd(1, ordering: .relaxed).newValue
        self.inputs = inputs
        self.backward = backward
    }
}

extension Tensor {
    /// Records the operation that made this tensor, if a gradient of any input is wanted and the
    /// context records at all.
    ///
    /// - Parameter backward: adds to the gradients of those inputs that need one, by
    ///   ``accumulate(_:)`` or ``withGradientToAdd(_:)``. It keeps what it needs of the forward pass.
    func record(inputs: [Tensor], backward: @escaping (_ gradient: Tensor) -> Void) {
        guard ComputeContext.current.recordsGraph, inputs.contains(where: \.needsGradient) else { return }
        producer = Operation(inputs: inputs.filter(\.needsGradient), backward: backward)
    }

    /// Adds `seed` times the gradient of this scalar to the gradient of every trainable tensor it
    /// was made from. The record is used up on the way, and its memory freed.
    public func backward(seed: Float = 1) {
        precondition(count == 1, "only a scalar has a gradient of its own; the shape is \(shape)")
        guard producer != nil else { return }
        gradient = Tensor(repeating: seed, shape: shape)
        for tensor in recordedTensors() {
            guard let operation = tensor.producer else { continue }
            tensor.producer = nil
            guard let gradient = tensor.gradient else { continue }
            if !tensor.isTrainable { tensor.clearGradient() }
            operation.backward(gradient)
        }
    }

    /// Every tensor with a record that this one depends on, the latest first.
    private func recordedTensors() -> [Tensor] {
        var found: [(number: UInt64, tensor: Tensor)] = []
        var seen: Set<UInt64> = []
        var open = [self]
        while let tensor = open.popLast() {
            guard let operation = tensor.producer, seen.insert(operation.number).inserted else { continue }
            found.append((operation.number, tensor))
            open.append(contentsOf: operation.inputs)
        }
        return found.sorted { $0.number > $1.number }.map(\.tensor)
    }

    /// Adds a gradient. The first one is kept as it is, without a copy: the caller must not write
    /// to it afterwards, and it is marked as borrowed unless `owned`.
    func accumulate(_ addend: Tensor, owned: Bool = true) {
        guard let present = gradient else {
            gradient = addend
            gradientIsBorrowed = !owned
            return
        }
        if gradientIsBorrowed {
            let sum = Tensor(uninitialized: shape)
            Parallel.ranges(count) { add_f32(Int64($0.count), present.pointer + $0.lowerBound, addend.pointer + $0.lowerBound, sum.pointer + $0.lowerBound) }
            gradient = sum
            gradientIsBorrowed = false
        } else {
            Parallel.ranges(count) { accumulate_f32(Int64($0.count), 1, addend.pointer + $0.lowerBound, present.pointer + $0.lowerBound) }
        }
    }

    /// Hands out a gradient to write to: `beta` is 0 where its contents are undefined and 1 where
    /// the new gradient must be added to them.
    func withGradientToAdd(_ body: (_ gradient: Tensor, _ beta: Float) -> Void) {
        if let present = gradient {
            if gradientIsBorrowed {
                let copy = Tensor(uninitialized: shape)
                copy.pointer.update(from: present.pointer, count: count)
                gradient = copy
                gradientIsBorrowed = false
                body(copy, 1)
            } else {
                body(present, 1)
            }
        } else {
            let fresh = Tensor(uninitialized: shape)
            body(fresh, 0)
            gradient = fresh
            gradientIsBorrowed = false
        }
    }
}
