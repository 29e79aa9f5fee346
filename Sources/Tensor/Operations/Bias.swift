import CKernels

/// Sets every row of a tensor to a bias, rounded to the tensor's type.
func fillRows(of y: Tensor, with bias: Tensor) {
    precondition(bias.count == y.width, "a bias of \(bias.shape) for rows of \(y.width)")
    let row = bias.converted(to: y.precision)
    let (source, bytes) = (row.address(), Int64(y.width * y.precision.size))
    Parallel.rows(y.rows, width: y.width) {
        // One row over and over: a stride of nothing.
        copy_rows(Int64($0.count), bytes, source, 0, y.address($0.lowerBound * y.width))
    }
}

/// Adds the sums of the columns of `dy`, taken in float32 in the order of the rows, to the gradient of a bias.
///
/// - Parameters:
///   - dy: of any type; rows of the bias's width
///   - node: of a bias
func addColumnSums(_ dy: Tensor, to node: GradientNode) {
    node.withGradientToAdd { gradient, isFresh in
        if isFresh { gradient.fill(with: 0) }
        let width = gradient.count
        Parallel.ranges(width, grain: 64) {
            column_sums(
                Int64(dy.count / width), Int64(width), Int64($0.lowerBound), Int64($0.upperBound), dy.precision.code, dy.address(),
                gradient.pointer)
        }
    }
}
