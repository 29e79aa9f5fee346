import CKernels

/// The two factors of a low-rank update of a linear layer's weight (Hu et al. 2021): the layer
/// computes `x Wᵀ + scale (x Aᵀ) Bᵀ`, that is, its weight acts as `W + scale B A`.
public struct LowRankFactors {
    /// `[rank, in]`
    public let a: Tensor
    /// `[out, rank]`
    public let b: Tensor
    public let scale: Float

    public init(a: Tensor, b: Tensor, scale: Float = 1) {
        precondition(a.shape.count == 2 && b.shape.count == 2 && a.shape[0] == b.shape[1], "factors [r, in] and [out, r]")
        self.a = a
        self.b = b
        self.scale = scale
    }

    public var rank: Int { a.shape[0] }
}

/// A linear layer, with or without a low-rank update: `y = x Wᵀ + scale (x Aᵀ) Bᵀ`.
///
/// `dx = dy W + scale (dy B) A`, `dW = dyᵀ x`, `dB = scale dyᵀ (x Aᵀ)`, `dA = scale (dy B)ᵀ x`; each
/// only where somebody needs it. In a 16-bit precision every product reads rounded values and
/// returns rounded values, and the two addends of `y` are rounded before and after they are added.
///
/// - Parameters:
///   - x: `[rows, in]`
///   - weight: `[out, in]`
///   - factors: `A [rank, in]`, `B [out, rank]`
/// - Returns: `[rows, out]`
public func linear(_ x: Tensor, _ weight: Tensor, _ factors: LowRankFactors? = nil) -> Tensor {
    let context = ComputeContext.current
    let (rows, input, output) = (x.rows, weight.shape[1], weight.shape[0])
    precondition(x.width == input, "a linear layer of [\(output), \(input)] cannot read \(x.shape)")
    let precision = context.precision
    let xs = x.operand(precision)
    let y = Tensor(uninitialized: x.shape.dropLast() + [output])
    context.matmul.multiplyInParallel(
        ProductSize(m: rows, n: output, k: input), MatrixOperand(xs.pointer, stride: input),
        MatrixOperand(weight.operand(precision).pointer, stride: input, transposed: true), y.pointer)
    y.round(to: precision)

    let hidden = factors.map { addLowRankProduct($0, of: xs, rows: rows, to: y, context) }
    y.record(inputs: [x, weight] + (factors.map { [$0.a, $0.b] } ?? [])) { dy in
        LinearBackward(x: x, xs: xs, weight: weight, context: context).run(dy, factors, hidden)
    }
    return y
}

/// Adds `scale (x Aᵀ) Bᵀ` to `y` and returns `x Aᵀ`, `[rows, rank]`.
private func addLowRankProduct(
    _ factors: LowRankFactors, of x: Operand, rows: Int, to y: Tensor, _ context: ComputeContext
) -> Tensor {
    let (rank, input, output) = (factors.rank, factors.a.shape[1], factors.b.shape[0])
    let precision = context.precision
    let hidden = Tensor(uninitialized: [rows, rank])
    context.matmul.multiplyInParallel(
        ProductSize(m: rows, n: rank, k: input), MatrixOperand(x.pointer, stride: input),
        MatrixOperand(factors.a.operand(precision).pointer, stride: input, transposed: true), hidden.pointer)
    hidden.round(to: precision)

    let size = ProductSize(m: rows, n: output, k: rank)
    let h = MatrixOperand(hidden.pointer, stride: rank)
    let b = MatrixOperand(factors.b.operand(precision).pointer, stride: rank, transposed: true)
    if precision == .float32 {
        context.matmul.multiplyInParallel(size, alpha: factors.scale, h, b, beta: 1, y.pointer)
    } else {
        let update = Tensor(uninitialized: [rows, output])
        context.matmul.multiplyInParallel(size, h, b, update.pointer)
        update.round(to: precision)
        Parallel.ranges(y.count) {
            accumulate_rounded_f32(
                Int64($0.count), precision.code, factors.scale, update.pointer + $0.lowerBound, y.pointer + $0.lowerBound)
        }
    }
    return hidden
}

/// The backward pass of ``linear(_:_:_:)``.
private struct LinearBackward {
    let x: Tensor
    /// The values of `x` as the products read them.
    let xs: Operand
    let weight: Tensor
    let context: ComputeContext

    func run(_ dy: Tensor, _ factors: LowRankFactors?, _ hidden: Tensor?) {
        let (input, output) = (weight.shape[1], weight.shape[0])
        let ys = dy.operand(context.precision)
        if x.needsGradient {
            addProduct(
                ProductSize(m: dy.rows, n: input, k: output), MatrixOperand(ys.pointer, stride: output),
                MatrixOperand(weight.operand(context.precision).pointer, stride: input), to: x)
        }
        if weight.needsGradient {
            addProduct(
                ProductSize(m: output, n: input, k: dy.rows),
                MatrixOperand(ys.pointer, stride: output, transposed: true),
                MatrixOperand(xs.pointer, stride: input), to: weight)
        }
        if let factors, let hidden { runLowRank(ys, rows: dy.rows, factors, hidden) }
    }

    private func runLowRank(_ ys: Operand, rows: Int, _ factors: LowRankFactors, _ hidden: Tensor) {
        let (input, output, rank) = (weight.shape[1], weight.shape[0], factors.rank)
        let (a, b) = (factors.a, factors.b)
        if b.needsGradient {
            addProduct(
                ProductSize(m: output, n: rank, k: rows), alpha: factors.scale,
                MatrixOperand(ys.pointer, stride: output, transposed: true),
                MatrixOperand(hidden.pointer, stride: rank), to: b)
        }
        guard a.needsGradient || x.needsGradient else { return }
        let dhidden = Tensor(uninitialized: [rows, rank])
        context.matmul.multiplyInParallel(
            ProductSize(m: rows, n: rank, k: output), alpha: factors.scale, MatrixOperand(ys.pointer, stride: output),
            MatrixOperand(b.operand(context.precision).pointer, stride: rank), dhidden.pointer)
        dhidden.round(to: context.precision)
        if a.needsGradient {
            addProduct(
                ProductSize(m: rank, n: input, k: rows),
                MatrixOperand(dhidden.pointer, stride: rank, transposed: true),
                MatrixOperand(xs.pointer, stride: input), to: a)
        }
        if x.needsGradient {
            addProduct(
                ProductSize(m: rows, n: input, k: rank), MatrixOperand(dhidden.pointer, stride: rank),
                MatrixOperand(a.operand(context.precision).pointer, stride: input), to: x)
        }
    }

    /// Adds a product to the gradient of `target`; a 16-bit one is rounded before it is added.
    private func addProduct(
        _ size: ProductSize, alpha: Float = 1, _ p: MatrixOperand, _ q: MatrixOperand, to target: Tensor
    ) {
        if context.precision == .float32 {
            target.withGradientToAdd { gradient, beta in
                context.matmul.multiplyInParallel(size, alpha: alpha, p, q, beta: beta, gradient.pointer)
            }
        } else {
            let product = Tensor(uninitialized: target.shape)
            context.matmul.multiplyInParallel(size, alpha: alpha, p, q, product.pointer)
            product.round(to: context.precision)
            target.accumulate(product)
        }
    }
}
