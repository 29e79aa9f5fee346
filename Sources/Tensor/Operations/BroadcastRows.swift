/// A row repeated: what a bias adds to every token. Its gradient is the sum of all rows' gradients.
///
/// - Parameters:
///   - row: `[width]`, float32
///   - count: how many rows
/// - Returns: `[count, width]`, float32
public func broadcastRows(_ row: Tensor, count: Int) -> Tensor {
    let context = ComputeContext.current
    let y = Tensor(uninitialized: [count, row.count])
    context.measuring(.elementwise) { fillRows(of: y, with: row) }
    let node = row.node
    y.record(inputs: [row]) { dy in
        context.measuring(.elementwise) { addColumnSums(dy.converted(to: .float32), to: node) }
    }
    return y
}
