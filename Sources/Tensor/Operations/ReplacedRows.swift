import CKernels

/// `x` with some of its rows replaced by rows of another matrix: `y[places[j]] = rows[sources[j]]`, such as tokens of a text
/// whose rows of the embedding are trained apart from the others.
///
/// The gradient of a row of `rows` is the sum over the places where it stands; that of a replaced row of `x` is zero.
///
/// - Parameters:
///   - x: `[rows, width]`, float32
///   - rows: `[_, width]`, of any type
///   - sources: a row of `rows` for each place
///   - places: rows of `x`, each once
/// - Returns: the shape of `x`, float32
public func replacedRows(_ x: Tensor, with rows: Tensor, _ sources: [Int32], at places: [Int32]) -> Tensor {
    precondition(rows.width == x.width && sources.count == places.count, "a row of \(x.width) for each place")
    precondition(sources.allSatisfy { $0 >= 0 && $0 < rows.rows }, "sources lie inside the matrix")
    precondition(places.allSatisfy { $0 >= 0 && $0 < x.rows }, "places lie inside the matrix")
    guard !places.isEmpty else { return x }
    let context = ComputeContext.current
    let y = Tensor(uninitialized: x.shape)
    let (width, size) = (x.width, MemoryLayout<Float>.size)
    context.measuring(.elementwise) {
        y.pointer.update(from: x.pointer, count: x.count)
        for (source, place) in zip(sources, places) {
            convert_values(
                Int64(width), rows.precision.code, rows.address(Int(source) * width), 0, y.address(Int(place) * width))
        }
    }
    let (node, rowsNode) = (x.node, rows.node)
    y.record(inputs: [x, rows]) { dy in
        context.measuring(.elementwise) {
            let upstream = dy.converted(to: .float32)
            if rowsNode.needsGradient {
                rowsNode.withGradientToAdd { gradient, isFresh in
                    if isFresh { gradient.fill(with: 0) }
                    // One after the other: a row may stand in several places, and the order of its sum is theirs.
                    for (source, place) in zip(sources, places) {
                        accumulate_f32(
                            Int64(width), 1, 0, upstream.address(Int(place) * width), gradient.pointer + Int(source) * width)
                    }
                }
            }
            guard node.needsGradient else { return }
            let rest = Tensor(uninitialized: upstream.shape)
            rest.address().copyMemory(from: upstream.address(), byteCount: upstream.count * size)
            for place in places { (rest.pointer + Int(place) * width).initialize(repeating: 0, count: width) }
            node.accumulate(rest)
        }
    }
    return y
}
