import CKernels

/// Rows of a matrix by their indices: an embedding, or the positions of a row that count.
///
/// The gradient of a row is the sum over the places where it was taken.
///
/// - Parameters:
///   - table: `[rows, width]`
///   - indices: each below `rows`
/// - Returns: `[indices.count, width]`
public func gatherRows(_ table: Tensor, _ indices: [Int32]) -> Tensor {
    let width = table.width
    precondition(indices.allSatisfy { $0 >= 0 && $0 < table.rows }, "indices lie inside the table")
    let y = Tensor(uninitialized: [indices.count, width])
    indices.withUnsafeBufferPointer {
        guard let base = $0.baseAddress else { return }
        gather_rows_f32(Int64(indices.count), Int64(width), base, table.pointer, y.pointer)
    }
    y.record(inputs: [table]) { dy in
        table.withGradientToAdd { gradient, beta in
            if beta == 0 { gradient.pointer.initialize(repeating: 0, count: gradient.count) }
            indices.withUnsafeBufferPointer {
                guard let base = $0.baseAddress else { return }
                // Cut by columns: a row may be taken many times, and its order of summation must
                // not depend on threads.
                Parallel.ranges(width, grain: 64) { columns in
                    scatter_add_rows_f32(
                        Int64(indices.count), Int64(width), Int64(columns.lowerBound),
                        Int64(columns.upperBound), base, dy.pointer, gradient.pointer)
                }
            }
        }
    }
    return y
}
