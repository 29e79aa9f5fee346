/// A map from byte strings to numbers that finds every key at the start of a text in one pass over it.
///
/// It is a double array: the place of a node's child is the node's base, combined with the byte by an exclusive or, if the
/// unit there names the node as its parent. So a step takes the same time whatever the number of children.
///
/// Source: Aoe, "An Efficient Digital Search Algorithm by Using a Double-Array Structure", 1989.
struct ByteTrie: Sendable {
    struct Unit: Sendable {
        /// Chosen so that the places of all children were free. It names a block of 256 units, in which they all are.
        var base: Int32 = 0
        /// -1 where the unit is free.
        var parent: Int32 = -1
        /// What the key that ends here stands for; -1 where none does.
        var value: Int32 = -1
    }

    /// The node of the empty key.
    static let root: Int32 = 0

    private(set) var units: [Unit]

    /// - Parameter keys: Each with its value, which is not negative. Of a repeated key the last value counts.
    init(_ keys: [(key: [UInt8], value: Int32)]) {
        var builder = ByteTrieBuilder(keys)
        units = builder.build()
    }

    /// The child of a node under a byte; `nil` where no key goes on so.
    @inline(__always)
    static func child(of node: Int32, _ byte: UInt8, in units: UnsafeBufferPointer<Unit>) -> Int32? {
        let child = units[Int(node)].base ^ Int32(byte)
        return units[Int(child)].parent == node ? child : nil
    }

    /// The value of a key; -1 for what is not a key.
    func value(of key: UTF8Bytes) -> Int32 {
        units.withUnsafeBufferPointer { units in
            var node = Self.root
            for byte in key {
                guard let child = Self.child(of: node, byte, in: units) else { return -1 }
                node = child
            }
            return units[Int(node)].value
        }
    }

    /// The longest key at the start of a part of a text, and its value; `nil` where there is none. The empty key is left out.
    @inline(__always)
    func longestPrefix(of text: UTF8Bytes, from start: Int) -> (value: Int32, end: Int)? {
        units.withUnsafeBufferPointer { units in
            var node = Self.root
            var longest: (value: Int32, end: Int)?
            var index = start
            while index < text.count, let child = Self.child(of: node, text[index], in: units) {
                node = child
                index += 1
                let value = units[Int(node)].value
                if value >= 0 { longest = (value, index) }
            }
            return longest
        }
    }
}

/// Makes the units of a ``ByteTrie``, node by node from the root. The keys under a node are a range of `order`, which is
/// sorted by one byte more at each level.
private struct ByteTrieBuilder {
    private struct Node {
        var unit: Int32
        var depth: Int
        var keys: Range<Int>
    }

    private static let blockSize = 256
    /// Older blocks are full but for a few units. To look for room there would cost more time than the room is worth.
    private static let openBlockLimit = 16

    private let keys: [(key: [UInt8], value: Int32)]
    private var order: [Int32]
    private var spare: [Int32]
    private var units: [ByteTrie.Unit] = []
    /// A bit for each unit that is taken, and how many are free in each block.
    private var taken: [UInt64] = []
    private var freeCounts: [Int] = []
    private var firstOpenBlock = 0

    init(_ keys: [(key: [UInt8], value: Int32)]) {
        self.keys = keys
        order = (0..<keys.count).map(Int32.init)
        spare = order
    }

    mutating func build() -> [ByteTrie.Unit] {
        appendBlock()
        // The root is nobody's child, and nobody's parent number.
        take(0, parent: -2)
        var nodes = [Node(unit: ByteTrie.root, depth: 0, keys: 0..<keys.count)]
        while let node = nodes.popLast() { addChildren(of: node, to: &nodes) }
        return units
    }

    private mutating func addChildren(of node: Node, to nodes: inout [Node]) {
        var start = sort(node)
        // Keys that end here, in their order.
        while start < node.keys.upperBound, keys[Int(order[start])].key.count == node.depth {
            units[Int(node.unit)].value = keys[Int(order[start])].value
            start += 1
        }
        guard start < node.keys.upperBound else { return }
        var labels: [UInt8] = []
        var ends: [Int] = []
        for index in start..<node.keys.upperBound {
            let byte = keys[Int(order[index])].key[node.depth]
            if labels.last == byte {
                ends[ends.count - 1] = index + 1
            } else {
                labels.append(byte)
                ends.append(index + 1)
            }
        }
        let base = place(labels)
        units[Int(node.unit)].base = base
        for (label, end) in zip(labels, ends) {
            let unit = base ^ Int32(label)
            take(unit, parent: node.unit)
            nodes.append(Node(unit: unit, depth: node.depth + 1, keys: start..<end))
            start = end
        }
    }

    /// Sorts the keys of a node by the byte after it, those that end there first, and otherwise keeps their order.
    ///
    /// - Returns: The first of them.
    private mutating func sort(_ node: Node) -> Int {
        let range = node.keys
        func rank(_ key: Int32) -> Int {
            let key = keys[Int(key)].key
            return key.count == node.depth ? 0 : Int(key[node.depth]) + 1
        }
        if range.count > 32 {
            var ends = [Int](repeating: 0, count: Self.blockSize + 2)
            for index in range { ends[rank(order[index]) + 1] += 1 }
            ends[0] = range.lowerBound
            for rank in 1..<ends.count { ends[rank] += ends[rank - 1] }
            for index in range {
                let rank = rank(order[index])
                spare[ends[rank]] = order[index]
                ends[rank] += 1
            }
            for index in range { order[index] = spare[index] }
        } else {
            for index in range.dropFirst() {
                let key = order[index]
                let own = rank(key)
                var hole = index
                while hole > range.lowerBound, rank(order[hole - 1]) > own {
                    order[hole] = order[hole - 1]
                    hole -= 1
                }
                order[hole] = key
            }
        }
        return range.lowerBound
    }

    /// A base for which the units of all labels are free.
    private mutating func place(_ labels: [UInt8]) -> Int32 {
        while firstOpenBlock < freeCounts.count, freeCounts[firstOpenBlock] == 0 { firstOpenBlock += 1 }
        for block in firstOpenBlock..<freeCounts.count where freeCounts[block] >= labels.count {
            let first = block * Self.blockSize
            for word in 0..<4 {
                var free = ~taken[block * 4 + word]
                while free != 0 {
                    let base = first + (word * 64 + free.trailingZeroBitCount) ^ Int(labels[0])
                    if labels.allSatisfy({ isFree(base ^ Int($0)) }) { return Int32(base) }
                    free &= free - 1
                }
            }
        }
        appendBlock()
        if freeCounts.count - firstOpenBlock > Self.openBlockLimit { firstOpenBlock += 1 }
        return Int32(units.count - Self.blockSize)
    }

    private func isFree(_ unit: Int) -> Bool { taken[unit >> 6] & (1 << UInt64(unit & 63)) == 0 }

    private mutating func take(_ unit: Int32, parent: Int32) {
        units[Int(unit)].parent = parent
        taken[Int(unit) >> 6] |= 1 << UInt64(unit & 63)
        freeCounts[Int(unit) / Self.blockSize] -= 1
    }

    private mutating func appendBlock() {
        units += repeatElement(ByteTrie.Unit(), count: Self.blockSize)
        taken += repeatElement(0, count: 4)
        freeCounts.append(Self.blockSize)
    }
}
