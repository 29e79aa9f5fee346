import CKernels

extension DeltaPass {
    /// How many tokens' states are made again at a time.
    private static var chunk: Int { 64 }

    /// The gradients of what the rule reads, all float32.
    ///
    /// - Parameters: `dy` and the errors of the forward pass, `[tokens, valueWidth]`
    func backward(_ dy: Tensor, _ errors: Tensor) -> (x: Tensor, logDecay: Tensor, beta: Tensor) {
        let (units, dx) = (units(), Tensor(uninitialized: x.shape))
        let dunits = Tensor(repeating: 0, shape: units.shape)
        let (dlogDecay, dbeta) = (Tensor(repeating: 0, shape: decay.shape), Tensor(repeating: 0, shape: beta.shape))
        let gradients = Gradients(x: dx, units: dunits, logDecay: dlogDecay, beta: dbeta)
        // By heads of keys: all that one serves is added up in one order.
        Parallel.forEach(trees.count * heads.keyHeads) { task in
            let served = heads.valueHeads / heads.keyHeads
            let tree = trees[task / heads.keyHeads]
            let states = Storage(bytes: 4 * Self.chunk * heads.blockSize)
            for head in task % heads.keyHeads * served..<(task % heads.keyHeads + 1) * served {
                for index in 0..<heads.blocks {
                    backward(tree, block(index, ofHead: head), units, dy, errors, states.floats, gradients)
                }
            }
        }
        addUnitGradient(dunits, to: dx)
        return (dx, dlogDecay, dbeta)
    }

    private struct Gradients {
        let x, units, logDecay, beta: Tensor
    }

    /// The part of a block in the gradients of a tree.
    ///
    /// - Parameter states: room for those before each token of a chunk
    private func backward(
        _ tree: [Int], _ block: Block, _ units: Tensor, _ dy: Tensor, _ errors: Tensor, _ states: UnsafeMutablePointer<Float>,
        _ gradients: Gradients
    ) {
        let found = chunkStates(tree, block, units, errors)
        // The gradients of the states that runs leave, the sums over those that continue them.
        var dends: [Int: Storage] = [:]
        for run in tree.reversed() {
            let dstate = dends.removeValue(forKey: run) ?? zeros()
            for (rows, state) in zip(chunks(run), found[run] ?? []).reversed() {
                states.update(from: state.floats, count: heads.blockSize)
                advance(rows.dropLast(), block, units, errors, states, stride: heads.blockSize)
                let (query, dquery) = (
                    queries(units, rows.lowerBound, head: block.head), queries(gradients.units, rows.lowerBound, head: block.head)
                )
                let (gate, first) = (rows.lowerBound * heads.valueHeads + block.head, rows.lowerBound * dy.width + block.start)
                delta_rule_backward(
                    Int64(rows.count), Int64(heads.keyDim), Int64(block.columns), query, query + heads.keyWidth,
                    Int64(units.width), errors.pointer + first, dy.pointer + first, Int64(dy.width), decay.pointer + gate,
                    beta.pointer + gate, Int64(heads.valueHeads), states, dstate.floats, dquery, dquery + heads.keyWidth,
                    gradients.x.pointer + rows.lowerBound * x.width + 2 * heads.keyWidth + block.start, Int64(x.width),
                    gradients.logDecay.pointer + gate, gradients.beta.pointer + gate)
            }
            guard let parent = runs[run].parent else { continue }
            if let sum = dends[parent] {
                accumulate_f32(Int64(heads.blockSize), 1, 0, dstate.floats, sum.floats)
            } else {
                dends[parent] = dstate
            }
        }
    }

    /// The states that each run's chunks find.
    private func chunkStates(_ tree: [Int], _ block: Block, _ units: Tensor, _ errors: Tensor) -> [Int: [Storage]] {
        var (found, ends): ([Int: [Storage]], [Int: Storage]) = ([:], [:])
        let state = Storage(bytes: 4 * heads.blockSize)
        for run in tree {
            start(run, from: ends, state.floats)
            let chunks = chunks(run)
            for (index, rows) in chunks.enumerated() {
                found[run, default: []].append(copy(state.floats))
                // What the last one leaves is read by those that continue it alone.
                guard index < chunks.count - 1 || continued.contains(run) else { continue }
                advance(rows, block, units, errors, state.floats, stride: 0)
            }
            if continued.contains(run) { ends[run] = copy(state.floats) }
        }
        return found
    }

    /// The rows of a run, a chunk at a time.
    private func chunks(_ run: Int) -> [Range<Int>] {
        let rows = runs[run].rows
        return stride(from: rows.lowerBound, to: rows.upperBound, by: Self.chunk).map { $0..<min($0 + Self.chunk, rows.upperBound) }
    }

    /// Makes the states that some tokens leave again, from the one that the first of them finds.
    ///
    /// - Parameter stride: how far apart the states lie; 0 where each replaces the one before
    private func advance(
        _ rows: Range<Int>, _ block: Block, _ units: Tensor, _ errors: Tensor, _ state: UnsafeMutablePointer<Float>, stride: Int
    ) {
        let gate = rows.lowerBound * heads.valueHeads + block.head
        delta_rule_states(
            Int64(rows.count), Int64(heads.keyDim), Int64(block.columns),
            queries(units, rows.lowerBound, head: block.head) + heads.keyWidth, Int64(units.width),
            errors.pointer + rows.lowerBound * errors.width + block.start, Int64(errors.width), decay.pointer + gate,
            beta.pointer + gate, Int64(heads.valueHeads), state, Int64(stride))
    }

    private func zeros() -> Storage {
        let storage = Storage(bytes: 4 * heads.blockSize)
        storage.floats.initialize(repeating: 0, count: heads.blockSize)
        return storage
    }
}
