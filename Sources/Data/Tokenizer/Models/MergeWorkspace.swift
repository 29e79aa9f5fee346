/// The tokens of a word, and what a model needs to find them. Kept from word to word for its storage.
///
/// For merging, the word is a linked list of tokens, and its mergeable pairs are in a heap, so that n bytes take
/// O(n log n) steps.
struct MergeWorkspace: Sendable {
    /// A token of the word and its neighbours; -1 stands for none. Half as wide as `Int`, more of them stay
    /// in the caches; a word would have to be 2 GiB long to need more.
    private struct Symbol: Sendable {
        /// -1 once it has become a part of the symbol before.
        var token: Int32
        /// How many bytes of the word it stands for.
        var length: Int32
        var previous: Int32 = -1
        var next: Int32 = -1
        /// The entry of the pair that it makes with the next one; -1 where they cannot be merged. So a pair that comes up is
        /// not looked up once more.
        var entry: Int32 = -1
        /// The class of its end.
        var end: UInt32 = 0

        var isMerged: Bool { token < 0 }
    }

    private var symbols: [Symbol] = []
    /// Room for the queue of pairs.
    private var queued: [MergeQueue.Candidate] = []
    /// How many bytes the word starts with that have no token.
    private var skipped: Int32 = 0
    /// The best way to each byte of a word, for ``Unigram``.
    private(set) var path: [Unigram.PathNode] = []

    /// Starts a word.
    mutating func start() {
        symbols.removeAll(keepingCapacity: true)
        skipped = 0
    }

    /// Adds a token to the word.
    ///
    /// - Parameter length: How many bytes it stands for; 0 for those of the token before it.
    @inline(__always)
    mutating func append(_ token: Int32, length: Int32) {
        symbols.append(Symbol(token: token, length: length + skipped))
        skipped = 0
    }

    /// Counts bytes to the token before them: so those that have no token of their own stay covered. The
    /// first of a word go to the token after them.
    mutating func extendLast(by length: Int32) {
        if symbols.isEmpty { skipped += length } else { symbols[symbols.count - 1].length += length }
    }

    /// Calls `body` with the tokens of the word, in order, and how many bytes each stands for.
    @inline(__always)
    func forEachToken(_ body: (Int32, _ length: Int32) -> Void) {
        for symbol in symbols where !symbol.isMerged { body(symbol.token, symbol.length) }
    }

    /// Lends the path with so many nodes, all of them new.
    mutating func withPath<Result>(count: Int, _ body: (inout UnsafeMutableBufferPointer<Unigram.PathNode>) -> Result) -> Result {
        path.removeAll(keepingCapacity: true)
        path.append(contentsOf: repeatElement(Unigram.PathNode(), count: count))
        return path.withUnsafeMutableBufferPointer { body(&$0) }
    }

    /// Merges until no pair of neighbours can be.
    mutating func merge(using merges: MergeTable) {
        guard symbols.count > 1 else { return }
        // Each symbol is queued once at first, and each merge queues two more.
        let capacity = 3 * symbols.count
        if queued.count < capacity { queued.append(contentsOf: repeatElement(0, count: capacity - queued.count)) }
        let count = symbols.withUnsafeMutableBufferPointer { symbols in
            queued.withUnsafeMutableBufferPointer { storage in
                merges.withLookup { merges in
                    guard let storage = storage.baseAddress else { return symbols.count }
                    let count = Self.mergeCertain(symbols, using: merges)
                    Self.merge(UnsafeMutableBufferPointer(rebasing: symbols[..<count]), using: merges, MergeQueue(storage))
                    return count
                }
            }
        }
        symbols.removeLast(symbols.count - count)
    }

    /// Merges the pairs that need not wait for their turn, and notes the entries of the others.
    ///
    /// - Returns: How many symbols are left. They stand at the start.
    @inline(__always)
    private static func mergeCertain(_ symbols: UnsafeMutableBufferPointer<Symbol>, using merges: MergeTable.Lookup) -> Int {
        let knowsConflicts = merges.knowsConflicts
        var count = 0
        var ends = merges.ends(of: symbols[0].token)
        for index in symbols.indices {
            var symbol = symbols[index]
            symbol.end = ends.last
            ends = index + 1 < symbols.count ? merges.ends(of: symbols[index + 1].token) : MergeConflicts.Ends()
            while count > 0 {
                let entry = merges.entry(symbols[count - 1].token, symbol.token)
                symbols[count - 1].entry = entry
                guard entry >= 0, knowsConflicts else { break }
                let end = count > 1 ? symbols[count - 2].end : 0
                guard merges.isCertain(entry, after: end, before: ends.first) else { break }
                symbol.token = merges.token(entry)
                symbol.length += symbols[count - 1].length
                count -= 1
            }
            symbol.previous = Int32(count) - 1
            symbol.next = Int32(count) + 1
            symbols[count] = symbol
            count += 1
        }
        symbols[count - 1].next = -1
        return count
    }

    /// Works on plain memory, for most of the time of encoding new words goes here.
    @inline(__always)
    private static func merge(
        _ symbols: UnsafeMutableBufferPointer<Symbol>, using merges: MergeTable.Lookup, _ queue: consuming MergeQueue
    ) {
        let count = symbols.count
        guard let symbols = symbols.baseAddress else { return }
        var queue = queue
        func enqueue(at position: Int, _ entry: Int32) {
            if entry >= 0 { queue.insert(rank: merges.rank(entry), position: Int32(position)) }
        }
        /// Looks for the merge of a symbol and the one after it.
        func update(at position: Int) {
            let left = symbols[position]
            let entry = left.next < 0 ? -1 : merges.entry(left.token, symbols[Int(left.next)].token)
            symbols[position].entry = entry
            enqueue(at: position, entry)
        }
        for position in 0..<count { enqueue(at: position, symbols[position].entry) }
        while let candidate = queue.popFirst() {
            let position = Int(candidate.position)
            let left = symbols[position]
            guard left.entry >= 0, merges.isCurrent(rank: candidate.rank, left.entry) else { continue }

            let right = symbols[Int(left.next)]
            symbols[position].token = merges.token(left.entry)
            symbols[position].length += right.length
            symbols[position].next = right.next
            symbols[Int(left.next)].token = -1
            symbols[Int(left.next)].entry = -1
            if right.next >= 0 { symbols[Int(right.next)].previous = candidate.position }

            if left.previous >= 0 { update(at: Int(left.previous)) }
            update(at: position)
        }
    }
}
