import CKernels

/// Which values of a tensor are left out (Srivastava et al. 2014): a function of the seed and a value's place, so
/// that a mask is the same on any number of threads and can be made again instead of being kept.
///
/// A place is left out where its 32 bits, of SplitMix64's number `place / 2` from the seed, are below `rate · 2³²`.
public struct DropoutMask: Sendable {
    /// The share that is left out.
    public let rate: Float
    let seed: UInt64
    let threshold: UInt32

    /// A mask of a tensor of any size.
    ///
    /// - Parameters:
    ///   - rate: from 0 to below 1
    ///   - seed: another one for each step and layer
    public init(rate: Float, seed: UInt64) {
        precondition(rate >= 0 && rate < 1, "a share from 0 to below 1")
        self.rate = rate
        self.seed = seed
        threshold = UInt32(Double(rate) * 0x1p32)
    }

    /// What values that stay are multiplied by, so that the mean stays: `1 / (1 - rate)`.
    var keptFactor: Float { 1 / (1 - rate) }

    /// What a mask makes of the values.
    enum Part {
        /// What dropout hands on: values that stay, scaled up.
        case kept
        /// The input less that.
        case rest
    }

    /// `x` times the mask's factors, outside of the gradient's record.
    func applied(to x: Tensor, _ part: Part = .kept) -> Tensor {
        let y = Tensor(uninitialized: x.shape, x.precision)
        apply(to: x, part, into: y, accumulating: false)
        return y
    }

    /// `y = f x`, or `y += f x`, of one type.
    func apply(to x: Tensor, _ part: Part = .kept, into y: Tensor, accumulating: Bool) {
        precondition(x.precision == y.precision && x.count == y.count, "one type and size")
        let factors: (kept: Float, dropped: Float) = part == .kept ? (keptFactor, 0) : (1 - keptFactor, 1)
        ComputeContext.current.measuring(.elementwise) {
            Parallel.ranges(x.count) {
                let first = $0.lowerBound
                masked_scale(
                    Int64($0.count), seed, Int64(first), threshold, factors.kept, factors.dropped, x.precision.code,
                    x.address(first), accumulating ? 1 : 0, y.address(first))
            }
        }
    }
}

/// The input with some values left out and the others scaled up. `dx` is `dy` under the same mask.
///
/// - Returns: the shape and type of `x`
public func dropout(_ x: Tensor, _ mask: DropoutMask) -> Tensor { masked(x, mask, .kept) }

/// What ``dropout(_:_:)`` takes away: `x - dropout(x)`.
///
/// - Returns: the shape and type of `x`
package func dropoutRest(_ x: Tensor, _ mask: DropoutMask) -> Tensor { masked(x, mask, .rest) }

private func masked(_ x: Tensor, _ mask: DropoutMask, _ part: DropoutMask.Part) -> Tensor {
    let y = mask.applied(to: x, part)
    let node = x.node
    y.record(inputs: [x]) { dy in node.accumulate(mask.applied(to: dy, part)) }
    return y
}
