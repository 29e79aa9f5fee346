import CKernels

/// The function between the products of a feed-forward layer, or of a gate.
public enum Activation: Sendable {
    /// `f(x) = x σ(x)` (Elfwing et al. 2018), `f′(x) = σ(x) (1 + x (1 − σ(x)))`.
    case silu
    /// `f(x) = x Φ(x)` with the normal distribution `Φ(x) = (1 + erf(x / √2)) / 2` (Hendrycks & Gimpel 2016),
    /// `f′(x) = Φ(x) + x φ(x)` with its density `φ`.
    case gelu
    /// Their approximation `f(x) = x (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2`.
    case tanhGELU
    /// `f(x) = σ(x) = 1 / (1 + exp(−x))`, `f′(x) = σ(x) (1 − σ(x))`: how far a gate is open.
    case sigmoid

    /// The number by which the C kernels know it.
    var code: Int32 {
        switch self {
        case .silu: 0
        case .gelu: 1
        case .tanhGELU: 2
        case .sigmoid: 3
        }
    }
}

/// The activation of a feed-forward layer without a gate: `y = f(x)`, `dx = dy f′(x)`, computed in float32 and rounded
/// once.
///
/// - Returns: the shape and type of `x`
public func activated(_ x: Tensor, _ activation: Activation) -> Tensor {
    let context = ComputeContext.current
    let (precision, shape, count) = (x.precision, x.shape, x.count)
    let y = Tensor(uninitialized: shape, precision)
    context.measuring(.elementwise) {
        Parallel.ranges(count) {
            let i = $0.lowerBound
            activation_forward(Int64($0.count), activation.code, precision.code, x.address(i), y.address(i))
        }
    }
    y.record(inputs: [x]) { dy in
        context.measuring(.elementwise) {
            let dy = dy.converted(to: precision)
            let dx = Tensor(uninitialized: shape, precision)
            Parallel.ranges(count) {
                let i = $0.lowerBound
                activation_backward(Int64($0.count), activation.code, precision.code, x.address(i), dy.address(i), dx.address(i))
            }
            x.node.accumulate(dx)
        }
    }
    return y
}

/// The gated activation of the feed-forward layer (Shazeer 2020): `y = f(gate) * up`.
///
/// `dgate = dy up f′(gate)`, `dup = dy f(gate)`. In a 16-bit type `f(gate)` and `dy up` are rounded too.
///
/// - Parameters: `gate` and `up` of one shape and type
/// - Returns: the same shape and type
public func gatedActivation(gate: Tensor, up: Tensor, _ activation: Activation) -> Tensor {
    precondition(gate.shape == up.shape, "gate \(gate.shape) and up \(up.shape) differ")
    precondition(gate.precision == up.precision, "gate \(gate.precision) and up \(up.precision) differ")
    let context = ComputeContext.current
    let (precision, shape, count) = (gate.precision, gate.shape, gate.count)
    let y = Tensor(uninitialized: shape, precision)
    context.measuring(.elementwise) {
        Parallel.ranges(count) {
            let i = $0.lowerBound
            gated_forward(Int64($0.count), activation.code, precision.code, gate.address(i), up.address(i), y.address(i))
        }
    }
    y.record(inputs: [gate, up]) { dy in
        context.measuring(.elementwise) {
            let dy = dy.converted(to: precision)
            let dgate = Tensor(uninitialized: shape, precision)
            let dup = Tensor(uninitialized: shape, precision)
            Parallel.ranges(count) {
                let i = $0.lowerBound
                gated_backward(
                    Int64($0.count), activation.code, precision.code, gate.address(i), up.address(i), dy.address(i),
                    dgate.address(i), dup.address(i))
            }
            if gate.needsGradient { gate.node.accumulate(dgate) }
            if up.needsGradient { up.node.accumulate(dup) }
        }
    }
    return y
}

/// The gated activation of gates and ups that one product made side by side: `y = f(x[:, :width]) * x[:, width:]`, and its
/// gradient as that of ``gatedActivation(gate:up:_:)``, to the bit.
///
/// - Parameter x: `[rows, 2 * width]`, the gates in the first half of the columns
/// - Returns: `[rows, width]`, of the type of `x`
public func gatedActivation(gateUp x: Tensor, _ activation: Activation) -> Tensor {
    precondition(x.width % 2 == 0, "gates and ups of one width do not stand in \(x.shape)")
    let context = ComputeContext.current
    let (precision, rows, width) = (x.precision, x.rows, x.width / 2)
    let y = Tensor(uninitialized: [rows, width], precision)
    context.measuring(.elementwise) {
        Parallel.rows(rows, width: width) {
            for row in $0 {
                let i = 2 * row * width
                gated_forward(
                    Int64(width), activation.code, precision.code, x.address(i), x.address(i + width), y.address(row * width))
            }
        }
    }
    y.record(inputs: [x]) { dy in
        context.measuring(.elementwise) {
            let dy = dy.converted(to: precision)
            let dx = Tensor(uninitialized: [rows, 2 * width], precision)
            Parallel.rows(rows, width: width) {
                for row in $0 {
                    let i = 2 * row * width
                    gated_backward(
                        Int64(width), activation.code, precision.code, x.address(i), x.address(i + width),
                        dy.address(row * width), dx.address(i), dx.address(i + width))
                }
            }
            x.node.accumulate(dx)
        }
    }
    return y
}

/// The gated activation by ``Activation/silu``: `y = silu(gate) * up`.
///
/// - Parameters: `gate` and `up` of one shape and type
/// - Returns: the same shape and type
public func swiGLU(gate: Tensor, up: Tensor) -> Tensor { gatedActivation(gate: gate, up: up, .silu) }
