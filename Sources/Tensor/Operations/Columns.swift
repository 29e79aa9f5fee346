import CKernels

/// Some columns of a matrix that stand side by side, as a projection that makes queries, keys and values at once holds
/// them: `y[r, c] = x[r, columns.lowerBound + c]`; or of each part of a row, such as the queries of heads that have a gate
/// beside them.
///
/// The gradient is added to those columns; the others get none of it.
///
/// - Parameters:
///   - x: `[rows, width]`, of any type
///   - range: within the width of a part, not empty
///   - part: how wide the parts of a row are, which divide it; `nil` for whole rows
/// - Returns: `[rows, parts * range.count]`, of the type of `x`
public func columns(_ x: Tensor, _ range: Range<Int>, ofEach part: Int? = nil) -> Tensor {
    let width = part ?? x.width
    precondition(width > 0 && x.width % width == 0, "parts of \(width) in \(x.shape)")
    precondition(!range.isEmpty && range.lowerBound >= 0 && range.upperBound <= width, "no columns \(range) in parts of \(width)")
    let context = ComputeContext.current
    let (rows, count, size) = (x.count / width, range.count, x.precision.size)
    let y = Tensor(uninitialized: [x.rows, x.width / width * count], x.precision)
    context.measuring(.elementwise) {
        Parallel.rows(rows, width: count) {
            let first = $0.lowerBound
            copy_rows(
                Int64($0.count), Int64(count * size), x.address(first * width + range.lowerBound), Int64(width * size),
                y.address(first * count))
        }
    }
    let node = x.node
    y.record(inputs: [x]) { dy in
        context.measuring(.elementwise) {
            node.withGradientToAdd { gradient, isFresh in
                if isFresh { gradient.fill(with: 0) }
                Parallel.rows(rows, width: count) {
                    for row in $0 {
                        accumulate_f32(
                            Int64(count), 1, dy.precision.code, dy.address(row * count),
                            gradient.pointer + row * width + range.lowerBound)
                    }
                }
            }
        }
    }
    return y
}
