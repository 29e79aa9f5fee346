import CKernels

extension AttentionPass {
    /// What a task adds to the gradients of the keys and values it sees: `[keys, headDim]` each, in
    /// rows of the padded width.
    private struct Sums {
        let keys: Storage?
        let values: Storage?
    }

    func backward(_ dy: Tensor, _ logSums: Tensor) {
        let dq = q.needsGradient ? Tensor(uninitialized: q.shape, q.precision) : nil
        let tasks = plan.tasks
        let parts = tasks.map { task in
            let bytes = 4 * task.columns * paddedHeadDim
            return Sums(
                keys: k.needsGradient ? Storage(bytes: bytes) : nil, values: v.needsGradient ? Storage(bytes: bytes) : nil)
        }
        Parallel.forEach(tasks.count) { backward(tasks[$0], dy, logSums, dq, parts[$0]) }
        if let dq {
            clearRowsWithoutQueries(dq)
            q.node.accumulate(dq)
        }
        if k.needsGradient { k.node.accumulate(sum(parts.map(\.keys))) }
        if v.needsGradient { v.node.accumulate(sum(parts.map(\.values))) }
    }

    private func backward(_ task: Task, _ dy: Tensor, _ logSums: Tensor, _ dq: Tensor?, _ sums: Sums) {
        let columns = task.columns
        let (keys, values) = (packed(k, task, .transposed), packed(v, task, .transposed))
        let keyRows = dq == nil ? nil : packed(k, task, .rows)
        let size = Self.blockRows * task.widestBlock
        let (p, ds) = (Storage(bytes: 4 * size), Storage(bytes: 4 * size))
        let (pPairs, dsPairs) = (Storage(bytes: 2 * size), Storage(bytes: 2 * size))
        let slopes = softCap == nil ? nil : Storage(bytes: 4 * size)
        let turned = Storage(bytes: 4 * size)
        let block = Storage(bytes: 4 * Self.blockRows * paddedHeadDim)
        for storage in [sums.keys, sums.values] {
            storage?.pointer.initializeMemory(as: UInt8.self, repeating: 0, count: 4 * columns * paddedHeadDim)
        }
        for queries in task.blocks {
            let (rows, width) = (Int64(queries.rows.count), Int64(queries.columns))
            scores(q, queries, by: keys, stride: columns, into: p)
            cap(p, queries, slopes: slopes)
            scores(dy, queries, by: values, stride: columns, into: ds)
            queries.withCounts { hidden, visible in
                attention_softmax_backward(
                    rows, width, hidden, visible, softmaxScale, slopes?.floats, type, p.floats, ds.floats,
                    logSums.pointer + queries.head * q.rows + queries.rows.lowerBound, isPaired ? pPairs.shorts : nil,
                    isPaired ? dsPairs.shorts : nil)
            }
            if let values = sums.values { addTurned(units(p, pPairs), queries, by: dy, turned, block, to: values) }
            if let keys = sums.keys { addTurned(units(ds, dsPairs), queries, by: q, turned, block, to: keys) }
            if let dq, let keyRows {
                let units = unit_count(unit, width)
                multiply_units(
                    unit, rows, Int64(headDim), units, self.units(ds, dsPairs).pointer, units, 1,
                    self.rows(keyRows, queries), Int64(paddedHeadDim), 0, block.floats, Int64(paddedHeadDim))
                store(block, queries, to: dq)
            }
        }
    }

    /// Adds `leftᵀ right` over the block's queries: a row a key.
    private func addTurned(
        _ left: Storage, _ block: Block, by tensor: Tensor, _ turned: Storage, _ packed: Storage, to sums: Storage
    ) {
        let (rows, width) = (Int64(block.rows.count), Int64(block.columns))
        // Pairs along the queries; floats need no turning, only other strides.
        if isPaired { pack_rows(unit, rows, width, type, left.pointer, width, turned.pointer, width) }
        pack_rows(
            unit, rows, Int64(headDim), type, tensor.address(block.rows.lowerBound * tensor.width + block.head * headDim),
            Int64(tensor.width), packed.pointer, Int64(paddedHeadDim))
        multiply_units(
            unit, width, Int64(headDim), unit_count(unit, rows), (isPaired ? turned : left).pointer, 1, width, packed.pointer,
            Int64(paddedHeadDim), 1, sums.floats + block.firstColumn * paddedHeadDim, Int64(paddedHeadDim))
    }

    /// The gradient of keys or values: for each key the sum over the tasks that saw it, in their order.
    private func sum(_ parts: [Storage?]) -> Tensor {
        let result = Tensor(uninitialized: k.shape, k.precision)
        let (tasks, ranges, width) = (plan.tasks, plan.keyRanges, paddedHeadDim)
        // Keys that nobody sees.
        if ranges.reduce(0, { $0 + $1.rows.count }) < k.rows {
            result.address().initializeMemory(as: UInt8.self, repeating: 0, count: k.count * k.precision.size)
        }
        Parallel.forEach(ranges.count * plan.keyValueHeads) { index in
            let (range, keyHead) = (ranges[index / plan.keyValueHeads], index % plan.keyValueHeads)
            let total = Storage(bytes: 4 * range.rows.count * width)
            total.pointer.initializeMemory(as: UInt8.self, repeating: 0, count: 4 * range.rows.count * width)
            for reader in range.readers[keyHead] {
                guard let part = parts[reader.task] else { continue }
                let rows = min(range.rows.count - reader.skipped, tasks[reader.task].keys - reader.place)
                accumulate_f32(
                    Int64(rows * width), 1, 0, part.floats + reader.place * width, total.floats + reader.skipped * width)
            }
            store_rows(
                Int64(range.rows.count), Int64(headDim), total.floats, Int64(width), 0, type,
                result.address(range.rows.lowerBound * k.width + keyHead * headDim), Int64(k.width))
        }
        return result
    }

    /// Rows of the queries that no segment has get a gradient of zero.
    private func clearRowsWithoutQueries(_ dq: Tensor) {
        var next = 0
        let ends = plan.segments.map(\.queries).sorted { $0.lowerBound < $1.lowerBound } + [q.rows..<q.rows]
        for range in ends {
            if range.lowerBound > next {
                dq.address(next * q.width).initializeMemory(
                    as: UInt8.self, repeating: 0, count: (range.lowerBound - next) * q.width * q.precision.size)
            }
            next = max(next, range.upperBound)
        }
    }
}
