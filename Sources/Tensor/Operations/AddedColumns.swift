import CKernels

/// `x` with something added to some of its columns: `y[r, columns[j]] = x[r, columns[j]] + values[r, j]`, such as the logits of
/// tokens whose rows of the output projection are trained apart from the others.
///
/// `dvalues[r, j] = dy[r, columns[j]]`; `dx = dy`.
///
/// - Parameters:
///   - x: `[rows, width]`, of any type
///   - values: `[rows, columns.count]`, of any type
///   - columns: each below `width`, and each once
/// - Returns: the shape and the type of `x`
public func addedColumns(_ x: Tensor, _ values: Tensor, at columns: [Int32]) -> Tensor {
    precondition(values.rows == x.rows && values.width == columns.count, "a value for each row and column")
    precondition(columns.allSatisfy { $0 >= 0 && $0 < x.width }, "columns lie inside the matrix")
    let context = ComputeContext.current
    let y = Tensor(uninitialized: x.shape, x.precision)
    let addends = values.converted(to: .float32)
    context.measuring(.elementwise) {
        y.address().copyMemory(from: x.address(), byteCount: x.count * x.precision.size)
        y.addColumns(0..<x.rows, addends, at: columns, from: 0)
    }
    let (node, valuesNode, rows) = (x.node, values.node, x.rows)
    y.record(inputs: [x, values]) { dy in
        if valuesNode.needsGradient {
            let taken = Tensor(uninitialized: [rows, columns.count])
            context.measuring(.elementwise) { dy.takeColumns(0..<rows, into: taken, at: columns, from: 0) }
            valuesNode.accumulate(taken)
        }
        if node.needsGradient { node.accumulate(dy, owned: false) }
    }
    return y
}

extension Tensor {
    /// Adds values to columns of some rows.
    ///
    /// - Parameters:
    ///   - range: rows of `values`
    ///   - values: `[rows, columns.count]`, float32
    ///   - first: the row of this matrix that the first of the range is added to
    func addColumns(_ range: Range<Int>, _ values: Tensor, at columns: [Int32], from first: Int) {
        columns.withUnsafeBufferPointer {
            add_at_columns(
                Int64(range.count), Int64(width), Int64(columns.count), $0.baseAddress,
                values.pointer + range.lowerBound * columns.count, precision.code, address(first * width))
        }
    }

    /// Reads columns of some rows.
    ///
    /// - Parameters:
    ///   - range: rows of `values`
    ///   - values: `[rows, columns.count]`, float32
    ///   - first: the row of this matrix that the first of the range is read from
    func takeColumns(_ range: Range<Int>, into values: Tensor, at columns: [Int32], from first: Int) {
        columns.withUnsafeBufferPointer {
            take_columns(
                Int64(range.count), Int64(width), Int64(columns.count), $0.baseAddress, precision.code, address(first * width),
                values.pointer + range.lowerBound * columns.count)
        }
    }
}
