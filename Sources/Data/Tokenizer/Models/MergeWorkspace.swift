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

    /// A pair that was mergeable when it was queued, known by its left symbol. It is stale if that has
    /// been merged or has another neighbour since.
    private struct Candidate: Sendable {
        /// The rank above the position: candidates are compared more often than anything is done with them.
        private let order: UInt64

        init(rank: Int32, position: Int32) {
            order = UInt64(UInt32(bitPattern: rank)) << 32 | UInt64(UInt32(bitPattern: position))
        }

        var rank: Int32 { Int32(truncatingIfNeeded: order >> 32) }
        var position: Int32 { Int32(truncatingIfNeeded: order) }

        /// Whether this pair is merged first: by rank, then from the left.
        @inline(__always)
        static func < (a: Candidate, b: Candidate) -> Bool { a.order < b.order }
    }

    private var symbols: [Symbol] = []
    /// A binary heap with the first pair to merge in front.
    private var heap: [Candidate] = []
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
        guard !symbols.isEmpty else { return }
        symbols[symbols.count - 1].next = -1
        heap.removeAll(keepingCapacity: true)
        for position in symbols.indices.dropLast() { enqueue(at: Int32(position), using: merges) }
        while let candidate = popFirst() {
            let position = Int(candidate.position)
            let left = symbols[position]
            guard !left.isMerged, left.next >= 0 else { continue }
            let right = symbols[Int(left.next)]
            guard let entry = merges.entry(left.token, right.token), merges.isCurrent(rank: candidate.rank, entry)
            else { continue }

            symbols[position].token = merges.token(entry)
            symbols[position].length += right.length
            symbols[position].next = right.next
            symbols[Int(left.next)].token = -1
            if right.next >= 0 { symbols[Int(right.next)].previous = candidate.position }

            if left.previous >= 0 { enqueue(at: left.previous, using: merges) }
            if right.next >= 0 { enqueue(at: candidate.position, using: merges) }
        }
    }

    /// Queues the pair of a symbol and the one after it, where there is a merge for it.
    private mutating func enqueue(at position: Int32, using merges: MergeTable) {
        let left = symbols[Int(position)]
        guard let entry = merges.entry(left.token, symbols[Int(left.next)].token) else { return }
        let candidate = Candidate(rank: merges.rank(entry), position: position)
        heap.append(candidate)
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard candidate < heap[parent] else { break }
            heap[child] = heap[parent]
            child = parent
        }
        heap[child] = candidate
    }

    private mutating func popFirst() -> Candidate? {
        guard let first = heap.first, let last = heap.popLast() else { return nil }
        guard !heap.isEmpty else { return first }
        var parent = 0
        while true {
            var child = 2 * parent + 1
            guard child < heap.count else { break }
            if child + 1 < heap.count, heap[child + 1] < heap[child] { child += 1 }
            guard heap[child] < last else { break }
            heap[parent] = heap[child]
            parent = child
        }
        heap[parent] = last
        return first
    }
}
