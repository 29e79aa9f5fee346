import CKernels

/// Causal attention with grouped queries (Ainslie et al. 2023), through a window where the plan has one: in each segment and head
/// `softmax(scale q kᵀ) v`; `heads / keyValueHeads` query heads share one head of keys and values. With a
/// soft cap the scores are `cap tanh(scale q kᵀ / cap)` (Gemma Team 2024, 2.3).
///
/// Scores are made for a block of queries at a time and made again in the backward pass, so memory
/// grows with the sequence and not with its square (Dao et al. 2022).
/// `dv = pᵀ do`, `dp = do vᵀ`, `ds = scale p (dp − Σ dp p)`, `dq = ds k`, `dk = dsᵀ q`; a cap's derivative,
/// `1 − tanh²`, is another factor of `ds`.
/// In a 16-bit precision the products read rounded values; scores and sums are float32.
///
/// - Parameters:
///   - q: `[tokens, heads * headDim]`
///   - k: `[keys, keyValueHeads * headDim]`
///   - v: the shape of `k`
///   - plan: which queries see which keys; rows of `q` in no segment are left undefined
///   - scale: above 0; `nil` for `1 / sqrt(headDim)`
///   - softCap: what no score's magnitude exceeds, above 0; `nil` for no cap
/// - Returns: the shape of `q`; all of one type
public func attention(
    q: Tensor, k: Tensor, v: Tensor, plan: AttentionPlan, scale: Float? = nil, softCap: Float? = nil
) -> Tensor {
    let (heads, keyValueHeads) = (plan.heads, plan.keyValueHeads)
    precondition(q.width % heads == 0, "\(heads) heads in a width of \(q.width)")
    precondition(k.shape == v.shape && k.width == q.width / heads * keyValueHeads, "keys \(k.shape) and values \(v.shape)")
    precondition(q.precision == k.precision && k.precision == v.precision, "queries, keys and values of one type")
    precondition(scale ?? 1 > 0 && softCap ?? 1 > 0, "a scale and a cap above 0")
    let context = ComputeContext.current
    let pass = AttentionPass(q: q, k: k, v: v, plan: plan, scale: scale, softCap: softCap, context: context)
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

/// Attention over segments that are used once.
public func attention(
    q: Tensor, k: Tensor, v: Tensor, heads: Int, keyValueHeads: Int, segments: [AttentionSegment]
) -> Tensor {
    attention(q: q, k: k, v: v, plan: AttentionPlan(segments, heads: heads, keyValueHeads: keyValueHeads))
}

/// One layer's attention: what forward and backward share.
struct AttentionPass {
    typealias Task = AttentionPlan.Task
    typealias Block = AttentionPlan.Block

    let q: Tensor
    let k: Tensor
    let v: Tensor
    let plan: AttentionPlan
    /// What products of queries and keys are multiplied by.
    let scale: Float
    let softCap: Float?
    /// How products read values.
    let unit: Int32
    let headDim: Int

    init(q: Tensor, k: Tensor, v: Tensor, plan: AttentionPlan, scale: Float?, softCap: Float?, context: ComputeContext) {
        (self.q, self.k, self.v, self.plan) = (q, k, v, plan)
        headDim = q.width / plan.heads
        self.scale = scale ?? 1 / Float(headDim).squareRoot()
        self.softCap = softCap
        // A head of odd width has no whole pairs.
        unit = headDim % 2 == 0 ? context.productUnit(q.precision) : Int32(unit_float)
    }

    static let blockRows = AttentionPlan.blockRows

    var headDimUnits: Int { Int(unit_count(unit, Int64(headDim))) }
    var paddedHeadDim: Int { AttentionPlan.padded(headDim) }
    /// What is left to multiply scores by in the softmax: capped ones have the scale in them.
    var softmaxScale: Float { softCap == nil ? scale : 1 }
    var type: Int32 { q.precision.code }
    var isPaired: Bool { unit == Int32(unit_pair) }

    /// The arithmetic of one product over all visible pairs of queries and keys.
    var productSize: Int { 2 * plan.heads * headDim * plan.visiblePairs }

    /// The task's rows of keys or values, packed for products.
    enum Packing {
        /// Summed over the head's width: `q kᵀ`, `do vᵀ`.
        case transposed
        /// Summed over the keys: `p v`, `ds k`.
        case rows
    }

    func packed(_ tensor: Tensor, _ task: Task, _ packing: Packing) -> Storage {
        let columns = task.columns
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
        let ranges = task.keyRanges
        let start = UnsafeRawPointer(tensor.address(task.keyHead * headDim))
        let (size, rowBytes) = (tensor.precision.size, tensor.width * tensor.precision.size)
        if ranges.count == 1 { return (start + ranges[0].lowerBound * rowBytes, tensor.width, tensor.storage) }
        let copy = Storage(bytes: size * task.keys * headDim)
        var target = copy.pointer
        for range in ranges {
            copy_rows(Int64(range.count), Int64(headDim * size), start + range.lowerBound * rowBytes, Int64(rowBytes), target)
            target += range.count * headDim * size
        }
        return (UnsafeRawPointer(copy.pointer), headDim, copy)
    }

    /// A block's rows of one head of `q` or `dy` as the left side of products: where they lie, or, where
    /// 16-bit values are multiplied as float32, a copy.
    private func left(_ tensor: Tensor, _ block: Block) -> (address: UnsafeRawPointer, rowUnits: Int, owner: Storage) {
        let start = tensor.address(block.rows.lowerBound * tensor.width + block.head * headDim)
        if isPaired { return (UnsafeRawPointer(start), tensor.width / 2, tensor.storage) }
        if tensor.precision == .float32 { return (UnsafeRawPointer(start), tensor.width, tensor.storage) }
        let copy = Storage(bytes: 4 * block.rows.count * headDim)
        let (target, rowBytes) = (copy.pointer, tensor.width * tensor.precision.size)
        for row in 0..<block.rows.count {
            convert_values(Int64(headDim), type, start + row * rowBytes, 0, target + 4 * row * headDim)
        }
        return (UnsafeRawPointer(copy.pointer), headDim, copy)
    }

    /// `left right`, with `right` packed over the width of the head: a score a key.
    func scores(_ tensor: Tensor, _ block: Block, by packed: Storage, stride: Int, into scores: Storage) {
        let right = packed.pointer + 4 * block.firstColumn
        let left = left(tensor, block)
        multiply_units(
            unit, Int64(block.rows.count), Int64(block.columns), Int64(headDimUnits), left.address, Int64(left.rowUnits), 1,
            right, Int64(stride), 0, scores.floats, Int64(block.columns))
        withExtendedLifetime(left.owner) {}
    }

    /// Caps the scores of a block where that is asked for.
    ///
    /// - Parameter slopes: where their derivatives go, if they are wanted
    func cap(_ scores: Storage, _ block: Block, slopes: Storage? = nil) {
        guard let softCap else { return }
        attention_soft_cap(Int64(block.rows.count * block.columns), scale, softCap, scores.floats, slopes?.floats)
    }

    /// A block's rows of keys or values that are packed for sums over the keys.
    func rows(_ packed: Storage, _ block: Block) -> UnsafeMutableRawPointer {
        packed.pointer + 4 * Int(unit_count(unit, Int64(block.firstColumn))) * paddedHeadDim
    }

    /// Probabilities or their gradients as the left side of products.
    func units(_ floats: Storage, _ pairs: Storage) -> Storage { isPaired ? pairs : floats }

    func forward(_ y: Tensor, _ logSums: Tensor) {
        let tasks = plan.tasks
        Parallel.forEach(tasks.count) { index in
            let task = tasks[index]
            let (keys, values) = (packed(k, task, .transposed), packed(v, task, .rows))
            let probabilities = Storage(bytes: 4 * Self.blockRows * task.widestBlock)
            let pairs = Storage(bytes: 2 * Self.blockRows * task.widestBlock)
            let sums = Storage(bytes: 4 * Self.blockRows * paddedHeadDim)
            for block in task.blocks {
                let rows = Int64(block.rows.count)
                scores(q, block, by: keys, stride: task.columns, into: probabilities)
                cap(probabilities, block)
                block.withCounts { hidden, visible in
                    attention_softmax(
                        rows, Int64(block.columns), hidden, visible, softmaxScale, type, probabilities.floats,
                        isPaired ? pairs.shorts : nil, logSums.pointer + block.head * q.rows + block.rows.lowerBound)
                }
                let width = unit_count(unit, Int64(block.columns))
                multiply_units(
                    unit, rows, Int64(headDim), width, units(probabilities, pairs).pointer, width, 1,
                    self.rows(values, block), Int64(paddedHeadDim), 0, sums.floats, Int64(paddedHeadDim))
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

extension AttentionPlan.Block {
    /// Calls `body` with what the block says of each query: the keys before its window, and those up to it.
    func withCounts(_ body: (_ hidden: UnsafePointer<Int32>?, _ visible: UnsafePointer<Int32>?) -> Void) {
        visible.withUnsafeBufferPointer { visible in
            guard let hidden else { return body(nil, visible.baseAddress) }
            hidden.withUnsafeBufferPointer { body($0.baseAddress, visible.baseAddress) }
        }
    }
}

extension Storage {
    var floats: UnsafeMutablePointer<Float> { pointer.assumingMemoryBound(to: Float.self) }
    var shorts: UnsafeMutablePointer<UInt16> { pointer.assumingMemoryBound(to: UInt16.self) }
}
