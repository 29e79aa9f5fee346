import CKernels

/// The heads of linear attention by the gated delta rule.
public struct DeltaHeads: Sendable, Hashable {
    /// Heads of queries and keys; each serves `valueHeads / keyHeads` heads of values, those that stand together.
    public var keyHeads: Int
    /// Heads of values, each of which has a state.
    public var valueHeads: Int
    /// The width of a query, and of a key.
    public var keyDim: Int
    /// The width of a value.
    public var valueDim: Int

    /// Heads of these numbers and widths.
    public init(keyHeads: Int, valueHeads: Int, keyDim: Int, valueDim: Int) {
        (self.keyHeads, self.valueHeads, self.keyDim, self.valueDim) = (keyHeads, valueHeads, keyDim, valueDim)
    }

    /// The width of all queries, and of all keys.
    public var keyWidth: Int { keyHeads * keyDim }
    /// The width of all values.
    public var valueWidth: Int { valueHeads * valueDim }
    /// The width of queries, keys and values side by side.
    public var width: Int { 2 * keyWidth + valueWidth }

    /// The states before the first token, zeros, in the form that ``gatedDeltaRule(_:logDecay:beta:heads:runs:state:)`` goes on
    /// from.
    public var emptyStates: Tensor { Tensor(repeating: 0, shape: [valueHeads * blocks, keyDim, lanes]) }

    /// How many columns of a state are computed together.
    var lanes: Int { Int(delta_lanes) }
    /// How many such blocks a state has.
    var blocks: Int { (valueDim + lanes - 1) / lanes }
    /// The values of a block.
    var blockSize: Int { keyDim * lanes }
}

/// Linear attention by the gated delta rule (Yang, Kautz & Hatamizadeh 2024; `Qwen3_5GatedDeltaNet` of transformers). Each
/// head of values has a state `S`, `[keyDim, valueDim]`, which begins at 0: at token `t`, with `a = exp(logDecay)`,
/// `S ← a S + k (β (v − a Sᵀ k))ᵀ` and `y = Sᵀ q`, where `q` and `k` are divided by `sqrt(|x|² + 1e-6)`, and `q` by
/// `sqrt(keyDim)` too.
///
/// With `u = β (v − a Sᵀ k)` and `G` the gradient of the state that token `t` leaves, its own `q dyᵀ` in it: `du = Gᵀ k`,
/// `dv = β du`, `dβ = du · u / β`, `dq = S dy` of the state that it leaves and `dk = G u − a S dv` of the one that it finds,
/// `da = Σ (G − k dvᵀ) ∘ S`, and the state that it finds gets `a (G − k dvᵀ)`; sequences that share a beginning are summed
/// where they part. Between the passes only the errors `u / β` are kept, of the size of the values: states are made again,
/// ``chunk`` tokens at a time. All of it is float32; in a 16-bit type the result is rounded once.
///
/// - Parameters:
///   - x: queries, keys and values side by side, `[tokens, heads.width]`, of any type
///   - logDecay: `[tokens, valueHeads]`, float32
///   - beta: `[tokens, valueHeads]`, of any type
///   - runs: which tokens come one after the other; all of them together
///   - state: what the only run goes on from, such as ``DeltaHeads/emptyStates``, which becomes what it leaves; `nil` for
///     zeros. With it nothing is recorded.
/// - Returns: `[tokens, heads.valueWidth]`, of the type of `x`
public func gatedDeltaRule(
    _ x: Tensor, logDecay: Tensor, beta: Tensor, heads: DeltaHeads, runs: [SequenceRun], state: Tensor? = nil
) -> Tensor {
    precondition(x.width == heads.width, "\(heads) in a width of \(x.width)")
    precondition(heads.valueHeads % heads.keyHeads == 0, "\(heads.valueHeads) heads cannot share \(heads.keyHeads)")
    for gate in [logDecay, beta] { precondition(gate.shape == [x.rows, heads.valueHeads], "a gate of \(gate.shape)") }
    precondition(runs.reduce(0) { $0 + $1.rows.count } == x.rows, "runs of all tokens")
    precondition(state == nil || runs.count == 1, "a state of one run")
    let context = ComputeContext.current
    let inputs = [x, logDecay, beta]
    let isRecorded = state == nil && context.recordsGraph && inputs.contains { $0.needsGradient }
    let pass = DeltaPass(x: x, logDecay: logDecay, beta: beta, heads: heads, runs: runs, context: context)
    let y = Tensor(uninitialized: [x.rows, heads.valueWidth], x.precision)
    let errors = isRecorded ? Tensor(uninitialized: y.shape) : nil
    context.measuring(.attention, operations: 3 * pass.productSize) { pass.forward(y, errors: errors, state: state) }
    guard let errors else { return y }
    let (node, gates) = (x.node, [logDecay.node, beta.node])
    y.record(inputs: inputs) { dy in
        // The states again, the error's and the result's part of both gradients of keys, and one each of all else.
        let gradients = context.measuring(.attention, operations: 7 * pass.productSize) {
            pass.backward(dy.converted(to: pass.x.precision).converted(to: .float32), errors)
        }
        if node.needsGradient { node.accumulate(gradients.x) }
        for (node, gradient) in zip(gates, [gradients.logDecay, gradients.beta]) where node.needsGradient {
            node.accumulate(gradient)
        }
    }
    return y
}

/// One layer's pass through the rule: what forward and backward share.
struct DeltaPass {
    let x: Tensor
    let decay: Tensor
    let beta: Tensor
    let heads: DeltaHeads
    let runs: [SequenceRun]
    /// The runs of each tree, parents first: what becomes of a tree depends on no other one.
    let trees: [[Int]]
    /// The runs that others continue.
    let continued: Set<Int>

    private static let epsilon: Float = 1e-6

    init(x: Tensor, logDecay: Tensor, beta: Tensor, heads: DeltaHeads, runs: [SequenceRun], context: ComputeContext) {
        (self.x, self.heads, self.runs) = (x, heads, runs)
        self.beta = context.measuring(.elementwise) { beta.converted(to: .float32) }
        decay = Tensor(uninitialized: logDecay.shape)
        exponentials(Int64(decay.count), logDecay.pointer, decay.pointer)
        var trees: [[Int]] = []
        var treeOfRun: [Int] = []
        for (index, run) in runs.enumerated() {
            precondition(run.parent.map { $0 < index } ?? true, "a run continues an earlier one")
            let tree = run.parent.map { treeOfRun[$0] } ?? trees.count
            if tree == trees.count { trees.append([]) }
            trees[tree].append(index)
            treeOfRun.append(tree)
        }
        self.trees = trees
        continued = Set(runs.compactMap(\.parent))
    }

    /// The arithmetic of one product of all states and a vector.
    var productSize: Int { 2 * x.rows * heads.valueHeads * heads.keyDim * heads.valueDim }

    /// Queries and keys of unit length, side by side, the queries divided by the root of their width:
    /// `[tokens, 2 * keyWidth]`, float32.
    func units() -> Tensor {
        let units = Tensor(uninitialized: [x.rows, 2 * heads.keyWidth])
        Parallel.rows(x.rows, width: units.width) { rows in
            for (start, factor) in [(0, 1 / Float(heads.keyDim).squareRoot()), (heads.keyWidth, 1)] {
                unit_heads_forward(
                    Int64(rows.count), Int64(heads.keyHeads), Int64(heads.keyDim), Self.epsilon, factor, x.precision.code,
                    x.address(rows.lowerBound * x.width + start), Int64(x.width),
                    units.pointer + rows.lowerBound * units.width + start, Int64(units.width))
            }
        }
        return units
    }

    /// The gradients of queries and keys, from those of ``units()``, into the columns of the gradient of `x`.
    func addUnitGradient(_ dunits: Tensor, to dx: Tensor) {
        Parallel.rows(x.rows, width: dunits.width) { rows in
            for (start, factor) in [(0, 1 / Float(heads.keyDim).squareRoot()), (heads.keyWidth, 1)] {
                let first = rows.lowerBound * x.width + start
                unit_heads_backward(
                    Int64(rows.count), Int64(heads.keyHeads), Int64(heads.keyDim), Self.epsilon, factor, x.precision.code,
                    x.address(first), Int64(x.width), dunits.pointer + rows.lowerBound * dunits.width + start,
                    Int64(dunits.width), dx.pointer + first, Int64(x.width))
            }
        }
    }

    /// Where the columns of a block are.
    struct Block {
        /// The head of values.
        let head: Int
        /// The first column, among all values.
        let start: Int
        /// How many there are.
        let columns: Int
    }

    func block(_ index: Int, ofHead head: Int) -> Block {
        let first = index * heads.lanes
        return Block(head: head, start: head * heads.valueDim + first, columns: min(heads.lanes, heads.valueDim - first))
    }

    /// The queries of the head of keys that serves a head of values, from a token on.
    func queries(_ units: Tensor, _ row: Int, head: Int) -> UnsafeMutablePointer<Float> {
        units.pointer + row * units.width + head / (heads.valueHeads / heads.keyHeads) * heads.keyDim
    }

    func forward(_ y: Tensor, errors: Tensor?, state: Tensor?) {
        let units = units()
        Parallel.forEach(trees.count * heads.valueHeads * heads.blocks) { task in
            let block = block(task % heads.blocks, ofHead: task / heads.blocks % heads.valueHeads)
            let own = Storage(bytes: 4 * heads.blockSize)
            let values = state.map { $0.pointer + task * heads.blockSize } ?? own.floats
            var ends: [Int: Storage] = [:]
            for run in trees[task / heads.blocks / heads.valueHeads] {
                let rows = runs[run].rows
                if state == nil { start(run, from: ends, values) }
                let query = queries(units, rows.lowerBound, head: block.head)
                let (gate, first) = (rows.lowerBound * heads.valueHeads + block.head, rows.lowerBound * y.width + block.start)
                delta_rule_forward(
                    Int64(rows.count), Int64(heads.keyDim), Int64(block.columns), query, query + heads.keyWidth,
                    Int64(units.width), x.precision.code,
                    x.address(rows.lowerBound * x.width + 2 * heads.keyWidth + block.start), Int64(x.width),
                    decay.pointer + gate, beta.pointer + gate, Int64(heads.valueHeads), values, y.address(first),
                    errors.map { $0.pointer + first }, Int64(y.width))
                if continued.contains(run) { ends[run] = copy(values) }
            }
        }
    }

    /// Sets a block to the state that a run finds.
    func start(_ run: Int, from ends: [Int: Storage], _ values: UnsafeMutablePointer<Float>) {
        guard let parent = runs[run].parent, let end = ends[parent] else {
            return values.initialize(repeating: 0, count: heads.blockSize)
        }
        values.update(from: end.floats, count: heads.blockSize)
    }

    func copy(_ values: UnsafePointer<Float>) -> Storage {
        let copy = Storage(bytes: 4 * heads.blockSize)
        copy.floats.update(from: values, count: heads.blockSize)
        return copy
    }
}
