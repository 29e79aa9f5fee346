import CKernels

/// A run of queries that attends to a run of keys. The last query sees all keys, the one before it
/// one less, and so on: causal attention, whether the queries are a whole sequence or what came
/// after keys that were kept.
public struct AttentionSegment: Sendable, Equatable {
    public let queries: Range<Int>
    public let keys: Range<Int>

    public init(queries: Range<Int>, keys: Range<Int>) {
        precondition(keys.count >= queries.count, "every query sees at least its own key")
        self.queries = queries
        self.keys = keys
    }

    /// Sequences that lie one behind the other, each attending to itself: `offsets` holds the start
    /// of each, and the end of the last.
    public static func packed(_ offsets: [Int]) -> [AttentionSegment] {
        zip(offsets, offsets.dropFirst()).compactMap { start, end in
            start == end ? nil : AttentionSegment(queries: start..<end, keys: start..<end)
        }
    }
}

/// Causal attention with grouped queries (Ainslie et al. 2023): in each segment and head
/// `softmax(q kᵀ / sqrt(headDim)) v`; `heads / keyValueHeads` query heads share one head of keys
/// and values.
///
/// Scores are made for a block of queries at a time and made again in the backward pass, so memory
/// grows with the sequence and not with its square (Dao et al. 2022).
/// `dv = pᵀ do`, `dp = do vᵀ`, `ds = p (dp − Σ dp p) / sqrt(headDim)`, `dq = ds k`, `dk = dsᵀ q`.
///
/// - Parameters:
///   - q: `[tokens, heads * headDim]`
///   - k: `[keys, keyValueHeads * headDim]`
///   - v: the shape of `k`
/// - Returns: the shape of `q`
public func attention(
    q: Tensor, k: Tensor, v: Tensor, heads: Int, keyValueHeads: Int, segments: [AttentionSegment]
) -> Tensor {
    precondition(heads % keyValueHeads == 0 && q.width % heads == 0, "\(heads) heads, \(keyValueHeads) of keys, width \(q.width)")
    precondition(k.shape == v.shape && k.width == q.width / heads * keyValueHeads, "keys \(k.shape) and values \(v.shape)")
    let context = ComputeContext.current
    let layout = AttentionLayout(
        q: q, k: k, v: v, heads: heads, keyValueHeads: keyValueHeads, segments: segments, context: context)
    let y = Tensor(uninitialized: q.shape)
    let logSums = Tensor(uninitialized: [heads, q.rows])
    layout.forward(y, logSums)
    y.round(to: context.precision)
    y.record(inputs: [q, k, v]) { layout.backward($0, logSums) }
    return y
}

/// The walk over segments, heads and blocks of queries that forward and backward share.
private struct AttentionLayout {
    /// Query rows whose scores are held at once.
    private static let blockRows = 64

    let q: Tensor
    let k: Tensor
    let v: Tensor
    let heads: Int
    let keyValueHeads: Int
    let segments: [AttentionSegment]
    let context: ComputeContext

    private var headDim: Int { q.width / heads }
    private var scale: Float { 1 / Float(headDim).squareRoot() }

    /// A block of queries of one head and what it sees.
    private struct Block {
        let head: Int
        let queries: Range<Int>
        let keys: Range<Int>
        /// How many keys the first query of the block sees.
        let firstVisible: Int
    }

    private func blocks(_ segment: AttentionSegment, head: Int) -> [Block] {
        stride(from: segment.queries.lowerBound, to: segment.queries.upperBound, by: Self.blockRows).map { first in
            let last = min(first + Self.blockRows, segment.queries.upperBound)
            let unseen = segment.queries.upperBound - last
            let keys = segment.keys.lowerBound..<segment.keys.upperBound - unseen
            return Block(head: head, queries: first..<last, keys: keys, firstVisible: keys.count - (last - first) + 1)
        }
    }

    /// One matrix product of a block.
    private func multiply(
        _ m: Int, _ n: Int, _ k: Int, _ a: MatrixOperand, _ b: MatrixOperand, beta: Float = 0,
        _ c: UnsafeMutablePointer<Float>, stride: Int
    ) {
        context.matmul.multiply(ProductSize(m: m, n: n, k: k), alpha: 1, a, b, beta: beta, c, stride: stride)
    }

    private func scores(_ block: Block, _ qs: Operand, _ ks: Operand, into scores: Tensor) {
        multiply(
            block.queries.count, block.keys.count, headDim,
            MatrixOperand(qs.pointer + queryOffset(block), stride: q.width),
            MatrixOperand(ks.pointer + keyOffset(block), stride: k.width, transposed: true),
            scores.pointer, stride: block.keys.count)
    }

    private func queryOffset(_ block: Block) -> Int { block.queries.lowerBound * q.width + block.head * headDim }

    private func keyOffset(_ block: Block) -> Int {
        block.keys.lowerBound * k.width + block.head / (heads / keyValueHeads) * headDim
    }

    func forward(_ y: Tensor, _ logSums: Tensor) {
        let (qs, ks, vs) = (q.operand(context.precision), k.operand(context.precision), v.operand(context.precision))
        Parallel.forEach(segments.count * heads) { index in
            for block in blocks(segments[index / heads], head: index % heads) {
                let (rows, columns) = (block.queries.count, block.keys.count)
                let p = Tensor(uninitialized: [rows, columns])
                scores(block, qs, ks, into: p)
                causal_softmax_forward(
                    Int64(rows), Int64(columns), Int64(block.firstVisible), scale, context.precision.code,
                    p.pointer, logSums.pointer + block.head * q.rows + block.queries.lowerBound)
                round_f32(Int64(p.count), context.precision.code, p.pointer, p.pointer)
                multiply(
                    rows, headDim, columns, MatrixOperand(p.pointer, stride: columns),
                    MatrixOperand(vs.pointer + keyOffset(block), stride: v.width),
                    y.pointer + queryOffset(block), stride: q.width)
            }
        }
    }

    func backward(_ dy: Tensor, _ logSums: Tensor) {
        let precision = context.precision
        let (qs, ks, vs) = (q.operand(precision), k.operand(precision), v.operand(precision))
        let ys = dy.operand(precision)
        let dq = Tensor(repeating: 0, shape: q.shape)
        let dk = Tensor(repeating: 0, shape: k.shape)
        let dv = Tensor(repeating: 0, shape: v.shape)
        let group = heads / keyValueHeads
        // The heads of a group write to the same keys: one task takes them all, in order.
        Parallel.forEach(segments.count * keyValueHeads) { index in
            let segment = segments[index / keyValueHeads]
            let keyHead = index % keyValueHeads
            for head in keyHead * group..<(keyHead + 1) * group {
                // A head's own sums, since in 16 bits they are rounded before the group's are added.
                let dkHead = Tensor(repeating: 0, shape: [segment.keys.count, headDim])
                let dvHead = Tensor(repeating: 0, shape: [segment.keys.count, headDim])
                for block in blocks(segment, head: head) {
                    backward(block, qs, ks, vs, ys, logSums, dq, dkHead, dvHead)
                }
                for (sum, part) in [(dk, dkHead), (dv, dvHead)] {
                    round_f32(Int64(part.count), precision.code, part.pointer, part.pointer)
                    for row in 0..<segment.keys.count {
                        accumulate_f32(
                            Int64(headDim), 1, part.pointer + row * headDim,
                            sum.pointer + (segment.keys.lowerBound + row) * k.width + keyHead * headDim)
                    }
                }
            }
        }
        dq.round(to: precision)
        dv.round(to: precision)
        if q.needsGradient { q.accumulate(dq) }
        if k.needsGradient { k.accumulate(dk) }
        if v.needsGradient { v.accumulate(dv) }
    }

    private func backward(
        _ block: Block, _ qs: Operand, _ ks: Operand, _ vs: Operand, _ ys: Operand, _ logSums: Tensor,
        _ dq: Tensor, _ dk: Tensor, _ dv: Tensor
    ) {
        let (rows, columns, precision) = (block.queries.count, block.keys.count, context.precision.code)
        let p = Tensor(uninitialized: [rows, columns])
        let ds = Tensor(uninitialized: [rows, columns])
        scores(block, qs, ks, into: p)
        causal_softmax_again(
            Int64(rows), Int64(columns), Int64(block.firstVisible), scale, precision, p.pointer,
            logSums.pointer + block.head * q.rows + block.queries.lowerBound)
        let dyBlock = ys.pointer + queryOffset(block)
        multiply(
            rows, columns, headDim, MatrixOperand(dyBlock, stride: q.width),
            MatrixOperand(vs.pointer + keyOffset(block), stride: v.width, transposed: true), ds.pointer, stride: columns)
        causal_softmax_backward(
            Int64(rows), Int64(columns), Int64(block.firstVisible), scale, precision, p.pointer, ds.pointer)
        round_f32(Int64(p.count), precision, p.pointer, p.pointer)
        multiply(
            columns, headDim, rows, MatrixOperand(p.pointer, stride: columns, transposed: true),
            MatrixOperand(dyBlock, stride: q.width), beta: 1, dv.pointer, stride: headDim)
        multiply(
            rows, headDim, columns, MatrixOperand(ds.pointer, stride: columns),
            MatrixOperand(ks.pointer + keyOffset(block), stride: k.width), dq.pointer + queryOffset(block), stride: q.width)
        multiply(
            columns, headDim, rows, MatrixOperand(ds.pointer, stride: columns, transposed: true),
            MatrixOperand(qs.pointer + queryOffset(block), stride: q.width), beta: 1, dk.pointer, stride: headDim)
    }
}
