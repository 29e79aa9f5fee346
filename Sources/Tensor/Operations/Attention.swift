import CKernels

/// Causal attention with grouped queries (Ainslie et al. 2023): in each segment and head
/// `softmax(q kᵀ / sqrt(headDim)) v`; `heads / keyValueHeads` query heads share one head of keys
/// and values.
///
/// Scores are made for a block of queries at a time and made again in the backward pass, so memory
/// grows with the sequence and not with its square (Dao et al. 2022).
/// `dv = pᵀ do`, `dp = do vᵀ`, `ds = p (dp − Σ dp p) / sqrt(headDim)`, `dq = ds k`, `dk = dsᵀ q`.
/// In a 16-bit precision the products read rounded values; scores and sums are float32.
///
/// - Parameters:
///   - q: `[tokens, heads * headDim]`
///   - k: `[keys, keyValueHeads * headDim]`
///   - v: the shape of `k`
///   - segments: which queries see which keys; rows of `q` in none of them are left undefined
/// - Returns: the shape of `q`; all of one type
public func attention(
    q: Tensor, k: Tensor, v: Tensor, heads: Int, keyValueHeads: Int, segments: [AttentionSegment]
) -> Tensor {
    precondition(heads % keyValueHeads == 0 && q.width % heads == 0, "\(heads) heads, \(keyValueHeads) of keys, width \(q.width)")
    precondition(k.shape == v.shape && k.width == q.width / heads * keyValueHeads, "keys \(k.shape) and values \(v.shape)")
    precondition(q.precision == k.precision && k.precision == v.precision, "queries, keys and values of one type")
    let context = ComputeContext.current
    let pass = AttentionPass(q: q, k: k, v: v, heads: heads, keyValueHeads: keyValueHeads, segments: segments, context: context)
    let y = Tensor(uninitialized: q.shape, q.precision)
    let logSums = Tensor(uninitialized: [heads, q.rows])
    context.measuring(.attention, operations: 2 * pass.productSize) { pass.forward(y, logSums) }
    y.record(inputs: [q, k, v]) { dy in
        // The scores again, and one product a gradient of scores, queries, keys and values.
        let products = 2 + [q, k, v].count { $0.needsGradient }
        context.measuring(.attention, operations: products * pass.productSize) {
            pass.backward(dy.converted(to: q.precision), logSums)
        }
    }
    return y
}

/// The walk over segments, heads and blocks of queries that forward and backward share.
struct AttentionPass {
    /// Query rows whose scores are held at once.
    static let blockRows = 64

    let q: Tensor
    let k: Tensor
    let v: Tensor
    let heads: Int
    let keyValueHeads: Int
    let segments: [AttentionSegment]
    /// How products read values.
    let unit: Int32

    init(
        q: Tensor, k: Tensor, v: Tensor, heads: Int, keyValueHeads: Int, segments: [AttentionSegment], context: ComputeContext
    ) {
        (self.q, self.k, self.v) = (q, k, v)
        (self.heads, self.keyValueHeads, self.segments) = (heads, keyValueHeads, segments)
        // A head of odd width has no whole pairs.
        unit = (q.width / heads) % 2 == 0 ? context.productUnit(q.precision) : Int32(unit_float)
    }

    var headDim: Int { q.width / heads }
    var headDimUnits: Int { Int(unit_count(unit, Int64(headDim))) }
    var paddedHeadDim: Int { padded(headDim) }
    var group: Int { heads / keyValueHeads }
    var scale: Float { 1 / Float(headDim).squareRoot() }
    var type: Int32 { q.precision.code }
    /// The arithmetic of one product over all visible pairs of queries and keys.
    var productSize: Int {
        2 * heads * headDim * segments.reduce(0) { $0 + $1.visibleKeys.reduce(0) { $0 + Int($1) } }
    }

    var isPaired: Bool { unit == Int32(unit_pair) }

    /// A count of columns rounded up to what products compute at once.
    func padded(_ count: Int) -> Int { (count + 15) / 16 * 16 }

    /// Some queries of a segment, and one head of keys and values with all query heads that share it:
    /// what a core takes at a time.
    struct Task {
        let segment: Int
        let keyHead: Int
        /// Places among the segment's queries.
        let queries: Range<Int>
        /// How many keys the last of these queries sees.
        let keys: Int
    }

    /// The tasks, the longest first, so that cores finish together. The cut depends on the segments alone.
    var tasks: [Task] {
        var tasks: [Task] = []
        for (index, segment) in segments.enumerated() where !segment.queries.isEmpty {
            // At most four a segment: in the backward pass each holds sums for all keys it sees.
            let quarter = (segment.queries.count + 3) / 4
            let height = max(256, (quarter + Self.blockRows - 1) / Self.blockRows * Self.blockRows)
            for first in stride(from: 0, to: segment.queries.count, by: height) {
                let queries = first..<min(first + height, segment.queries.count)
                for keyHead in 0..<keyValueHeads {
                    tasks.append(
                        Task(
                            segment: index, keyHead: keyHead, queries: queries,
                            keys: Int(segment.visibleKeys[queries.upperBound - 1])))
                }
            }
        }
        return tasks.sorted { $0.keys * $0.queries.count > $1.keys * $1.queries.count }
    }

    /// A block of queries of one head.
    struct Block {
        let head: Int
        /// Rows of q.
        let rows: Range<Int>
        /// How many keys each query sees.
        let visible: ArraySlice<Int32>
        /// How many keys the block computes with, in whole lanes.
        let columns: Int
    }

    func blocks(of task: Task) -> [Block] {
        let segment = segments[task.segment]
        return (task.keyHead * group..<(task.keyHead + 1) * group).flatMap { head in
            stride(from: task.queries.lowerBound, to: task.queries.upperBound, by: Self.blockRows).map { first in
                let last = min(first + Self.blockRows, task.queries.upperBound)
                return Block(
                    head: head, rows: segment.queries.lowerBound + first..<segment.queries.lowerBound + last,
                    visible: segment.visibleKeys[first..<last], columns: padded(Int(segment.visibleKeys[last - 1])))
            }
        }
    }

    /// The task's rows of keys or values, packed for products.
    enum Packing {
        /// Summed over the head's width: `q kᵀ`, `do vᵀ`.
        case transposed
        /// Summed over the keys: `p v`, `ds k`.
        case rows
    }

    func packed(_ tensor: Tensor, _ task: Task, _ packing: Packing) -> Storage {
        let columns = padded(task.keys)
        let units = packing == .transposed ? headDimUnits : Int(unit_count(unit, Int64(columns)))
        let stride = packing == .transposed ? columns : paddedHeadDim
        let storage = Storage(bytes: 4 * units * stride)
        // What lies behind the last key is multiplied by zeros, and must be numbers.
        storage.pointer.initializeMemory(as: UInt8.self, repeating: 0, count: 4 * units * stride)
        let rows = gatheredRows(tensor, task)
        let pack = packing == .transposed ? pack_transposed : pack_rows
        pack(unit, Int64(task.keys), Int64(headDim), type, rows.address, Int64(rows.stride), storage.pointer, Int64(stride))
        return withExtendedLifetime(rows.owner) { storage }
    }

    /// The rows of one head of keys or values that a task sees, as one run: where they lie, or a copy.
    private func gatheredRows(_ tensor: Tensor, _ task: Task) -> (address: UnsafeRawPointer, stride: Int, owner: Storage) {
        let ranges = segments[task.segment].keys
        let column = task.keyHead * headDim
        if ranges.count == 1 {
            return (UnsafeRawPointer(tensor.address(ranges[0].lowerBound * tensor.width + column)), tensor.width, tensor.storage)
        }
        let size = tensor.precision.size
        let copy = Storage(bytes: size * task.keys * headDim)
        var place = 0
        for range in ranges {
            for row in range.prefix(task.keys - place) {
                (copy.pointer + place * headDim * size).copyMemory(
                    from: tensor.address(row * tensor.width + column), byteCount: headDim * size)
                place += 1
            }
        }
        return (UnsafeRawPointer(copy.pointer), headDim, copy)
    }

    /// A block's rows of one head of `q` or `dy` as the left side of products: where they lie, or, where
    /// 16-bit values are multiplied as float32, a copy.
    func left(_ tensor: Tensor, _ block: Block) -> (address: UnsafeRawPointer, rowUnits: Int, owner: Storage) {
        let start = tensor.address(block.rows.lowerBound * tensor.width + block.head * headDim)
        if isPaired { return (UnsafeRawPointer(start), tensor.width / 2, tensor.storage) }
        if tensor.precision == .float32 { return (UnsafeRawPointer(start), tensor.width, tensor.storage) }
        let copy = Storage(bytes: 4 * block.rows.count * headDim)
        for row in 0..<block.rows.count {
            convert_values(
                Int64(headDim), type, start + row * tensor.width * tensor.precision.size, 0, copy.pointer + 4 * row * headDim)
        }
        return (UnsafeRawPointer(copy.pointer), headDim, copy)
    }

    /// `left right`, with `right` packed over the width of the head: a score a key.
    func scores(_ tensor: Tensor, _ block: Block, by packed: Storage, stride: Int, into scores: Storage) {
        let left = left(tensor, block)
        multiply_units(
            unit, Int64(block.rows.count), Int64(block.columns), Int64(headDimUnits), left.address, Int64(left.rowUnits), 1,
            packed.pointer, Int64(stride), 0, scores.floats, Int64(block.columns))
        withExtendedLifetime(left.owner) {}
    }

    /// Probabilities or their gradients as the left side of products.
    func units(_ floats: Storage, _ pairs: Storage) -> Storage { isPaired ? pairs : floats }

    func forward(_ y: Tensor, _ logSums: Tensor) {
        let tasks = tasks
        Parallel.forEach(tasks.count) { index in
            let task = tasks[index]
            let (keys, values) = (packed(k, task, .transposed), packed(v, task, .rows))
            let columns = padded(task.keys)
            let probabilities = Storage(bytes: 4 * Self.blockRows * columns)
            let pairs = Storage(bytes: 2 * Self.blockRows * columns)
            let sums = Storage(bytes: 4 * Self.blockRows * paddedHeadDim)
            for block in blocks(of: task) {
                let rows = Int64(block.rows.count)
                scores(q, block, by: keys, stride: columns, into: probabilities)
                block.visible.withUnsafeBufferPointer {
                    attention_softmax(
                        rows, Int64(block.columns), $0.baseAddress, scale, type, probabilities.floats,
                        isPaired ? pairs.shorts : nil, logSums.pointer + block.head * q.rows + block.rows.lowerBound)
                }
                let width = unit_count(unit, Int64(block.columns))
                multiply_units(
                    unit, rows, Int64(headDim), width, units(probabilities, pairs).pointer, width, 1, values.pointer,
                    Int64(paddedHeadDim), 0, sums.floats, Int64(paddedHeadDim))
                store(sums, block, to: y)
            }
        }
    }

    /// Writes a block's sums to its rows and head of a tensor.
    func store(_ sums: Storage, _ block: Block, to tensor: Tensor) {
        store_rows(
            Int64(block.rows.count), Int64(headDim), sums.floats, Int64(paddedHeadDim), 0, type,
            tensor.address(block.rows.lowerBound * tensor.width + block.head * headDim), Int64(tensor.width))
    }
}

extension Storage {
    var floats: UnsafeMutablePointer<Float> { pointer.assumingMemoryBound(to: Float.self) }
    var shorts: UnsafeMutablePointer<UInt16> { pointer.assumingMemoryBound(to: UInt16.self) }
}
