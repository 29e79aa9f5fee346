import Synchronization

/// The record of one operation: what it read, and how a gradient of its result becomes gradients
/// of what it read.
final class Operation {
    private static let clock = Atomic<UInt64>(0)

    /// Later operations have larger numbers, so descending numbers are an order in which every
    /// result comes before what it was made from.
    let number: UInt64
    let inputs: [GradientNode]
    let backward: (_ gradient: Tensor) -> Void

    init(inputs: [GradientNode], backward: @escaping (_ gradient: Tensor) -> Void) {
        number = Self.clock.wrappingAdd(1, ordering: .relaxed).newValue
        self.inputs = inputs
        self.backward = backward
        for input in inputs { input.readers += 1 }
    }
}

extension Tensor {
    /// Whether this tensor is a parameter whose gradient somebody wants.
    public var isTrainable: Bool {
        get { node.isTrainable }
        set { node.isTrainable = newValue }
    }

    /// The gradient that ``backward(seed:onReady:)`` left here: of the shape of the tensor, `nil` before
    /// and for tensors that nobody trains.
    public internal(set) var gradient: Tensor? {
        get { node.gradient }
        set { node.gradient = newValue }
    }

    /// The operation that made this tensor, while its record is kept.
    var producer: Operation? { node.producer }

    /// Whether a gradient with respect to this tensor is of use to anybody.
    var needsGradient: Bool { node.needsGradient }

    /// Drops the gradient.
    public func clearGradient() { node.clearGradient() }

    /// Records the operation that made this tensor, if a gradient of any input is wanted and the
    /// context records at all.
    ///
    /// - Parameter backward: adds to the gradients of those inputs that need one, by
    ///   ``GradientNode/accumulate(_:owned:)`` or ``GradientNode/withGradientToAdd(_:)``. It keeps the
    ///   values that it needs of the forward pass, and of the other tensors the nodes alone.
    func record(inputs: [Tensor], backward: @escaping (_ gradient: Tensor) -> Void) {
        guard ComputeContext.current.recordsGraph, inputs.contains(where: \.needsGradient) else { return }
        node.producer = Operation(inputs: inputs.filter(\.needsGradient).map(\.node), backward: backward)
    }

    /// What tells a parameter apart, for ``backward(seed:onReady:)``: good for as long as the parameter exists.
    public var parameterID: ObjectIdentifier { ObjectIdentifier(node) }

    /// Adds `seed` times the gradient of this scalar to the gradient of every trainable tensor it
    /// was made from. The record is used up on the way, and its memory freed.
    ///
    /// - Parameters:
    ///   - seed: the derivative of what is lowered by this scalar: a gradient scaler's scale, or 1
    ///   - onReady: told of each such tensor (``parameterID``) as soon as nothing more is added to its gradient, while
    ///     those of others are still to come
    public func backward(seed: Float = 1, onReady: ((_ parameter: ObjectIdentifier) -> Void)? = nil) {
        precondition(count == 1, "only a scalar has a gradient of its own; the shape is \(shape)")
        guard producer != nil else { return }
        gradient = Tensor(repeating: seed, shape: shape)
        backwardFromGradient(onReady: onReady)
    }

    /// Hands the gradient that is here on to every trainable tensor that this one was made from.
    func backwardFromGradient(onReady: ((_ parameter: ObjectIdentifier) -> Void)? = nil) {
        var recorded = recordedNodes()
        var readers: [ObjectIdentifier: Int] = [:]
        if onReady != nil {
            for input in recorded.flatMap({ $0.producer?.inputs ?? [] }) where input.isTrainable {
                readers[ObjectIdentifier(input), default: 0] += 1
            }
        }
        while let node = recorded.popLast() {
            guard let operation = node.producer else { continue }
            node.producer = nil
            node.readers = 0
            if let gradient = node.gradient {
                if !node.isTrainable { node.clearGradient() }
                operation.backward(gradient)
            }
            guard let onReady else { continue }
            for input in operation.inputs where input.isTrainable {
                let id = ObjectIdentifier(input)
                readers[id, default: 0] -= 1
                if readers[id] == 0 { onReady(id) }
            }
        }
    }

    /// Every node with a record that this tensor depends on, the latest last.
    private func recordedNodes() -> [GradientNode] {
        var found: [(number: UInt64, node: GradientNode)] = []
        var seen: Set<UInt64> = []
        var open = [node]
        while let node = open.popLast() {
            guard let operation = node.producer, seen.insert(operation.number).inserted else { continue }
            found.append((operation.number, node))
            open.append(contentsOf: operation.inputs)
        }
        return found.sorted { $0.number < $1.number }.map(\.node)
    }
}
