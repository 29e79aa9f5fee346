import CKernels

/// Rows of a matrix by their indices: an embedding, or the positions of a row that count.
///
/// The gradient of a row is the sum over the places where it was taken.
///
/// - Parameters:
///   - table: `[rows, width]`, of any type
///   - indices: each below `rows`
/// - Returns: `[indices.count, width]`, of the table's type
public func gatherRows(_ table: Tensor, _ indices: [Int32]) -> Tensor {
    let context = ComputeContext.current
    let width = table.width
    precondition(indices.allSatisfy { $0 >= 0 && $0 < table.rows }, "indices lie inside the table")
    let y = Tensor(uninitialized: [indices.count, width], table.precision)
    context.measuring(.elementwise) {
        indices.withUnsafeBufferPointer {
            guard let base = $0.baseAddress else { return }
            let source = table.address()
            Parallel.rows(indices.count, width: width) {
                gather_rows(
                    Int64($0.count), Int64(width * table.precision.size), base + $0.lowerBound, source,
                    y.address($0.lowerBound * width))
            }
        }
    }
    let node = table.node
    y.record(inputs: [table]) { dy in
        context.measuring(.elementwise) {
            node.withGradientToAdd { gradient, isFresh in
                if isFresh { gradient.fill(with: 0) }
                indices.withUnsafeBufferPointer {
                    guard let base = $0.baseAddress else { return }
                    // Cut by columns: a row may be taken many times, and its order of summation must
                    // not depend on threads.
                    Parallel.ranges(width, grain: 64) { columns in
                        scatter_add_rows_f32(
                            Int64(indices.count), Int64(width), Int64(columns.lowerBound), Int64(columns.upperBound),
                            base, dy.precision.code, dy.address(), gradient.pointer)
                    }
                }
            }
        }
    }
    return y
}
