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
        var previous: Int32
        var next: Int32

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
        let position = Int32(symbols.count)
        symbols.append(Symbol(token: token, length: length + skipped, previous: position - 1, next: position + 1))
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
        let count = symbols.count
        guard count > 1 else { return }
        symbols[count - 1].next = -1
        // Each symbol is queued once at first, and each merge queues two more.
        let capacity = 3 * count
        if queued.count < capacity { queued.append(contentsOf: repeatElement(0, count: capacity - queued.count)) }
        symbols.withUnsafeMutableBufferPointer { symbols in
            queued.withUnsafeMutableBufferPointer { storage in
                merges.withLookup { merges in
                    guard let symbols = symbols.baseAddress, let storage = storage.baseAddress else { return }
                    Self.merge(symbols, count, using: merges, MergeQueue(storage))
                }
            }
        }
    }

    /// Works on plain memory, for most of the time of encoding new words goes here.
    @inline(__always)
    private static func merge(
        _ symbols: UnsafeMutablePointer<Symbol>, _ count: Int, using merges: MergeTable.Lookup, _ queue: consuming MergeQueue
    ) {
        var queue = queue
        /// Queues the pair of a symbol and the one after it, where there is a merge for it.
        func enqueue(at position: Int32) {
            let left = symbols[Int(position)]
            let entry = merges.entry(left.token, symbols[Int(left.next)].token)
            if entry >= 0 { queue.insert(rank: merges.rank(entry), position: position) }
        }
        for position in 0..<Int32(count - 1) { enqueue(at: position) }
        while let candidate = queue.popFirst() {
            let position = Int(candidate.position)
            let left = symbols[position]
            guard !left.isMerged, left.next >= 0 else { continue }
            let right = symbols[Int(left.next)]
            let entry = merges.entry(left.token, right.token)
            guard entry >= 0, merges.isCurrent(rank: candidate.rank, entry) else { continue }

            symbols[position].token = merges.token(entry)
            symbols[position].length += right.length
            symbols[position].next = right.next
            symbols[Int(left.next)].token = -1
            if right.next >= 0 { symbols[Int(right.next)].previous = candidate.position }

            if left.previous >= 0 { enqueue(at: left.previous) }
            if right.next >= 0 { enqueue(at: candidate.position) }
        }
    }
}
