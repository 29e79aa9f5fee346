/// What merging a word needs: the word as a linked list of tokens, and its mergeable pairs in a heap, so
/// that n bytes take O(n log n) steps. Kept from word to word for its storage.
struct MergeWorkspace: Sendable {
    /// A token of the word and its neighbours; -1 stands for none.
    private struct Symbol: Sendable {
        var token: Int32
        var previous: Int
        var next: Int
        var isMerged = false
    }

    /// A pair that was mergeable when it was queued, known by its left symbol. It is stale if that has
    /// been merged or has another neighbour since.
    private struct Candidate: Sendable {
        var rank: Int32
        var merged: Int32
        var position: Int

        /// Whether this pair is merged first: by rank, then from the left.
        static func < (a: Candidate, b: Candidate) -> Bool {
            a.rank != b.rank ? a.rank < b.rank : a.position < b.position
        }
    }

    private var symbols: [Symbol] = []
    /// A binary heap with the first pair to merge in front.
    private var heap: [Candidate] = []

    /// Starts a word.
    mutating func start(with tokens: some Collection<Int32>) {
        symbols.removeAll(keepingCapacity: true)
        for (index, token) in tokens.enumerated() {
            symbols.append(Symbol(token: token, previous: index - 1, next: index + 1))
        }
        if !symbols.isEmpty { symbols[symbols.count - 1].next = -1 }
    }

    /// Calls `body` with the tokens of the word in order.
    func forEachToken(_ body: (Int32) -> Void) {
        for symbol in symbols where !symbol.isMerged { body(symbol.token) }
    }

    /// Merges until no pair of neighbours can be.
    mutating func merge(using merges: MergeTable) {
        heap.removeAll(keepingCapacity: true)
        for position in symbols.indices.dropLast() { enqueue(at: position, using: merges) }
        while let candidate = popFirst() {
            let left = symbols[candidate.position]
            guard !left.isMerged, left.next >= 0 else { continue }
            let right = symbols[left.next]
            guard merges[left.token, right.token]?.merged == candidate.merged else { continue }

            symbols[candidate.position].token = candidate.merged
            symbols[candidate.position].next = right.next
            symbols[left.next].isMerged = true
            if right.next >= 0 { symbols[right.next].previous = candidate.position }

            if left.previous >= 0 { enqueue(at: left.previous, using: merges) }
            if right.next >= 0 { enqueue(at: candidate.position, using: merges) }
        }
    }

    /// Queues the pair of a symbol and the one after it, where there is a merge for it.
    private mutating func enqueue(at position: Int, using merges: MergeTable) {
        let left = symbols[position]
        guard let merge = merges[left.token, symbols[left.next].token] else { return }
        let candidate = Candidate(rank: merge.rank, merged: merge.merged, position: position)
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
