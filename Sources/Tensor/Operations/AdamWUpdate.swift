import CKernels

/// What AdamW keeps of one parameter.
package struct AdamWMoments {
    /// Of the gradient, of the parameter's shape.
    package let mean: Tensor
    /// Of the gradient's square, of the parameter's shape.
    package let square: Tensor
    /// The steps that both have seen, `[1]`: a parameter without a gradient, such as that of an expert without a token,
    /// takes none, as in PyTorch.
    package let steps: Tensor

    /// Moments of zero, before the first step.
    package init(like parameter: Tensor) {
        mean = Tensor(repeating: 0, shape: parameter.shape)
        square = Tensor(repeating: 0, shape: parameter.shape)
        steps = Tensor(repeating: 0, shape: [1])
    }
}

/// The coefficients of one AdamW step.
package struct AdamWCoefficients: Sendable {
    package var learningRate: Double
    package var beta1: Double
    package var beta2: Double
    package var epsilon: Double
    package var weightDecay: Double

    package init(learningRate: Double, beta1: Double, beta2: Double, epsilon: Double, weightDecay: Double) {
        self.learningRate = learningRate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weightDecay = weightDecay
    }
}

extension Tensor {
    /// One step of AdamW (Loshchilov & Hutter 2019) on this parameter by its gradient; none where it has no gradient.
    package func applyAdamW(_ moments: AdamWMoments, _ coefficients: AdamWCoefficients) {
        guard let gradient else { return }
        moments.steps.pointer[0] += 1
        // Counted from 1, for the correction of the means' start at zero.
        let step = Int(moments.steps.pointer[0])
        let (rate, beta1, beta2) = (coefficients.learningRate, coefficients.beta1, coefficients.beta2)
        let correction1 = 1 - powDouble(beta1, step)
        let correction2 = 1 - powDouble(beta2, step)
        let values = pointer
        packedForms = [:]
        ComputeContext.current.measuring(.optimizer) {
            Parallel.ranges(count) {
                let i = $0.lowerBound
                // Rounded here, as PyTorch does: 1 - beta of a rounded beta is another number.
                adamw_step(
                    Int64($0.count), Float(1 - rate * coefficients.weightDecay), Float(rate / correction1), Float(1 - beta1),
                    Float(beta2), Float(1 - beta2), Float(coefficients.epsilon), Float(correction2.squareRoot()),
                    gradient.pointer + i, values + i, moments.mean.pointer + i, moments.square.pointer + i)
            }
        }
    }

    /// The sum of the squares of all values.
    public var sumOfSquares: Double {
        // Cut by size alone, and summed in order: the same on any number of threads.
        let grain = 32768
        var parts = [Double](repeating: 0, count: (count + grain - 1) / grain)
        let values = pointer
        ComputeContext.current.measuring(.optimizer) {
            parts.withUnsafeMutableBufferPointer { parts in
                let parts = parts
                Parallel.ranges(count, grain: grain) {
                    parts[$0.lowerBound / grain] = sum_of_squares_f32(Int64($0.count), values + $0.lowerBound)
                }
            }
        }
        return parts.reduce(0, +)
    }

    /// Multiplies every value by `factor`, in place.
    public func scale(by factor: Float) {
        let (values, type, size) = (address(), precision.code, precision.size)
        packedForms = [:]
        Parallel.ranges(count) {
            let p = values + $0.lowerBound * size
            scale_values(Int64($0.count), type, factor, p, p)
        }
    }
}

/// `base` to a whole power.
private func powDouble(_ base: Double, _ exponent: Int) -> Double {
    var (result, factor, rest) = (1.0, base, exponent)
    while rest > 0 {
        if rest & 1 == 1 { result *= factor }
        factor *= factor
        rest >>= 1
    }
    return result
}
