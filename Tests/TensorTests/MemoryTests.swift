import Testing

@testable import Tensor

@Suite("Blocks of rows")
struct RowBlocksTests {
    @Test("They cover all rows, each once, and end at a whole unit")
    func coverage() {
        var wrong: [Int] = []
        for rows in Array(0...5000) + [8191, 8192, 8193, 65_537, 1_000_003] {
            let blocks = RowBlocks(rows)
            let ranges = (0..<blocks.count).map { blocks[$0] }
            let unit = Tensor.rowBlock
            let starts = ranges.map(\.lowerBound)
            let followEachOther = zip(ranges, ranges.dropFirst()).allSatisfy { $0.upperBound == $1.lowerBound }
            let end = ranges.last?.upperBound ?? 0
            // One block ends with the rows; of several, the last may run over to the next multiple.
            let endsWell = ranges.count > 1 ? end == (rows + unit - 1) / unit * unit : end == rows
            let isBounded = ranges.allSatisfy { !$0.isEmpty && $0.count <= (rows < 4096 ? 64 : 128) }
            let heights = ranges.map(\.count)
            let areEven = (heights.max() ?? 0) - (heights.min() ?? 0) <= unit && starts.allSatisfy { $0 % unit == 0 }
            if !(starts.first ?? 0 == 0 && followEachOther && endsWell && isBounded && areEven) { wrong.append(rows) }
            if rows >= 48, ranges.count < 2 { wrong.append(rows) }
        }
        #expect(wrong == [])
    }

    @Test("A tensor has room for what its last block runs over")
    func room() {
        for rows in [48, 49, 63, 130, 333] {
            for precision in Precision.allCases {
                let blocks = RowBlocks(rows)
                let end = blocks[blocks.count - 1].upperBound
                let tensor = Tensor(uninitialized: [rows, 33], precision)
                #expect(end * 33 * precision.size <= tensor.storage.requestedBytes)
            }
        }
    }
}

@Suite("The pool of memory blocks")
struct StoragePoolTests {
    @Test("Size classes: enough, at most an eighth more, each of its own class")
    func sizeClasses() {
        var wrong: [Int] = []
        var sizes = Array(0...5000)
        for power in 12..<40 { sizes += [-1, 0, 1, 12345].map { (1 << power) + $0 } }
        var last = 0
        for bytes in sizes.sorted() {
            let size = StoragePool.sizeClass(bytes)
            let isTight = size <= max(bytes, 256) + max(bytes / 8, StoragePool.alignment)
            let isRight =
                size >= bytes && size >= last && isTight && size % StoragePool.alignment == 0
                && StoragePool.sizeClass(size) == size
            if !isRight { wrong.append(bytes) }
            last = size
        }
        #expect(wrong == [])
    }

    @Test("Blocks are aligned, have their size, and are one's own")
    func blocks() {
        let pool = StoragePool()
        let sizes = [0, 1, 63, 64, 255, 256, 257, 4096, 100_000, 131_072, 131_073, 1 << 20, 3 << 20]
        let blocks = sizes.map { pool.take(bytes: $0) }
        for (index, block) in blocks.enumerated() {
            #expect(Int(bitPattern: block.address) % StoragePool.alignment == 0)
            #expect(block.size >= sizes[index])
            block.address.initializeMemory(as: UInt8.self, repeating: UInt8(index), count: sizes[index])
        }
        let areWhole = zip(blocks, sizes.indices).allSatisfy { block, index in
            UnsafeRawBufferPointer(start: block.address, count: sizes[index]).allSatisfy { $0 == UInt8(index) }
        }
        #expect(areWhole)
        for block in blocks { pool.give(block) }
    }

    @Test("A block that was given back serves the next request of its size", arguments: [1, 1000, 200_000, 5 << 20])
    func reuse(_ bytes: Int) {
        let pool = StoragePool()
        let first = pool.take(bytes: bytes)
        let other = pool.take(bytes: bytes)
        #expect(first.address != other.address)
        pool.give(first)
        let second = pool.take(bytes: bytes)
        #expect(second.address == first.address && second.size >= bytes)
        pool.give(second)
        pool.give(other)
        // And, of large blocks, one of a smaller size, but none of a far smaller one.
        guard bytes >= 200_000 else { return }
        let smaller = pool.take(bytes: bytes * 2 / 3)
        #expect([first.address, other.address].contains(smaller.address))
        pool.give(smaller)
        let small = pool.take(bytes: bytes / 3)
        #expect(![first.address, other.address].contains(small.address))
        pool.give(small)
    }

    @Test("Blocks of many sizes, one after the other")
    func manySizes() {
        let pool = StoragePool()
        // Sizes so far apart that none serves for another, one after the other.
        var held: [Int] = []
        for power in (18..<24).reversed() {
            let bytes = (1 << power) + (1 << (power - 1))
            let block = pool.take(bytes: bytes)
            block.address.initializeMemory(as: UInt8.self, repeating: 1, count: bytes)
            held.append(block.size)
            pool.give(block)
        }
        // What is asked for again is there, whether it was kept or not.
        for size in held {
            let block = pool.take(bytes: size)
            #expect(block.size >= size && block.size <= 2 * size)
            block.address.initializeMemory(as: UInt8.self, repeating: 2, count: size)
            pool.give(block)
        }
    }

    @Test("Many threads take and give")
    func threads() async {
        let pool = StoragePool()
        let faults = await withTaskGroup(of: Int.self) { group in
            for task in 0..<4 {
                group.addTask {
                    var generator = RandomGenerator(seed: UInt64(task))
                    var faults = 0
                    var held: [StoragePool.Block] = []
                    for _ in 0..<500 {
                        let block = pool.take(bytes: 8 + Int(generator.next(below: 300_000)))
                        block.address.storeBytes(of: task, as: Int.self)
                        held.append(block)
                        guard held.count > 5 else { continue }
                        let oldest = held.removeFirst()
                        if oldest.address.load(as: Int.self) != task { faults += 1 }
                        pool.give(oldest)
                    }
                    for block in held { pool.give(block) }
                    return faults
                }
            }
            return await group.reduce(0, +)
        }
        #expect(faults == 0)
    }
}

@Suite("What the record of gradients keeps")
struct RecordMemoryTests {
    private func tensor(_ shape: [Int], seed: UInt64) -> Tensor {
        var generator = RandomGenerator(seed: seed)
        return Tensor((0..<shape.reduce(1, *)).map { _ in generator.normal() }, shape: shape)
    }

    /// Weak references to tensors.
    private final class Watch {
        weak var tensor: Tensor?
        init(_ tensor: Tensor) { self.tensor = tensor }
    }

    @Test("Values that no gradient needs go before the backward pass, which goes without them")
    func freedValues() {
        let weight = tensor([6, 4], seed: 1)
        let back = tensor([4, 6], seed: 2)
        let x = tensor([3, 4], seed: 3)
        x.isTrainable = true
        let table = RotaryTable(positions: 4, headDim: 2, base: 100)
        var watches: [String: Watch] = [:]
        func loss() -> Tensor {
            let projected = linear(x, weight)
            let turned = rotate(projected, positions: [0, 1, 2], table: table, layout: .interleaved)
            let returned = linear(turned, back)
            let summed = add(x, returned)
            let again = linear(gatherRows(summed, [2, 0]), weight)
            watches = [
                "before a rotation": Watch(projected), "before a frozen linear layer": Watch(turned),
                "before a sum": Watch(returned), "before rows are taken": Watch(summed), "before a loss": Watch(again),
            ]
            return projectedCrossEntropy(again, weight: back, targets: [1, 0], normalizer: 2)
        }
        let scalar = loss()
        for (place, watch) in watches { #expect(watch.tensor == nil, "\(place)") }
        #expect(scalar.producer != nil)
        scalar.backward()
        #expect(x.gradient?.values.contains { $0 != 0 } == true)
        #expect(scalar.producer == nil)
    }

    @Test("Values that a gradient needs stay until it is taken, and go then")
    func keptValues() {
        let weight = tensor([4, 4], seed: 1)
        let factors = LowRankFactors(a: tensor([2, 4], seed: 4), b: tensor([4, 2], seed: 5))
        for factor in [factors.a, factors.b] { factor.isTrainable = true }
        let x = tensor([3, 4], seed: 3)
        x.isTrainable = true
        var watches: [Watch] = []
        func loss() -> Tensor {
            let (gate, up) = (linear(x, weight), linear(x, weight))
            let gated = swiGLU(gate: gate, up: up)
            let normed = rmsNorm(gated, weight: tensor([4], seed: 6), epsilon: 1e-5)
            let adapted = linear(normed, weight, factors)
            watches = [Watch(gate), Watch(up), Watch(gated), Watch(normed)]
            return projectedCrossEntropy(adapted, weight: weight, targets: [1, 0, 3], normalizer: 3)
        }
        let scalar = loss()
        #expect(watches.allSatisfy { $0.tensor != nil })
        scalar.backward()
        #expect(watches.allSatisfy { $0.tensor == nil })
        #expect(factors.a.gradient != nil && factors.b.gradient != nil && x.gradient != nil)
    }
}
