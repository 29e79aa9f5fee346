import CKernels

/// The two factors of a low-rank update of a linear layer's weight (Hu et al. 2021): the layer
/// computes `x Wᵀ + scale (x Aᵀ) Bᵀ`, that is, its weight acts as `W + scale B A`.
public struct LowRankFactors {
    /// `[rank, in]`
    public let a: Tensor
    /// `[out, rank]`
    public let b: Tensor
    /// The factor before `B A`.
    public let scale: Float

    /// Factors whose inner widths are one.
    ///
    /// - Parameters:
    ///   - a: `[rank, in]`
    ///   - b: `[out, rank]`
    ///   - scale: the factor before `B A`
    public init(a: Tensor, b: Tensor, scale: Float = 1) {
        precondition(a.shape.count == 2 && b.shape.count == 2 && a.shape[0] == b.shape[1], "factors [r, in] and [out, r]")
        self.a = a
        self.b = b
        self.scale = scale
    }

    /// The inner width.
    public var rank: Int { a.shape[0] }

    /// The same factors, times something.
    public func scaled(by factor: Float) -> LowRankFactors {
        factor == 1 ? self : LowRankFactors(a: a, b: b, scale: scale * factor)
    }

    /// `scale B A`, `[out, in]`: the update as a matrix, in float32 and outside of the gradient's record.
    public var product: Tensor {
        ComputeContext.with({ $0.precision = .float32 }) {
            let context = ComputeContext.current
            let y = Tensor(uninitialized: [b.shape[0], a.shape[1]])
            context.matmul.multiply(b, by: a.packed(transposed: false, context), into: y)
            if scale != 1 { y.scale(by: scale) }
            return y
        }
    }

    /// The length of each row of `W + scale B A`, without the sum being made: by `‖W‖²`, `A Wᵀ` and `A Aᵀ`. Products
    /// read what the context's precision has them read, as those of the layer do.
    ///
    /// - Parameters:
    ///   - weight: `[out, in]`
    ///   - squares: the sum of the squares of each of its rows, `[out]`
    /// - Returns: `[out]`, float32
    package func rowNorms(of weight: Tensor, squares: Tensor) -> Tensor {
        let context = ComputeContext.current
        let (rows, rank) = (weight.shape[0], rank)
        let norms = Tensor(uninitialized: [rows])
        let operations = 2 * rank * a.shape[1] * (rows + rank)
        context.measuring(.lora, operations: operations) {
            let read = a.converted(to: context.precision)
            let product = Tensor(uninitialized: [rank, rows])
            context.matmul.multiply(read, by: weight.packed(transposed: true, context), into: product)
            let gram = Tensor(uninitialized: [rank, rank])
            context.matmul.multiply(read, by: a.packed(transposed: true, context), into: gram)
            Parallel.ranges(rows, grain: 64) {
                low_rank_row_norms(
                    Int64(rows), Int64(rank), Int64($0.lowerBound), Int64($0.upperBound), scale, squares.pointer,
                    product.pointer, gram.pointer, b.pointer, norms.pointer)
            }
        }
        return norms
    }
}

extension Tensor {
    /// The sum of the squares of each row, `[rows]`, float32, summed in float64.
    package var rowSquares: Tensor {
        let (values, width) = (values, width)
        return Tensor(
            (0..<rows).map { row in
                Float(values[row * width..<(row + 1) * width].reduce(0.0) { $0 + Double($1) * Double($1) })
            }, shape: [rows])
    }
}
