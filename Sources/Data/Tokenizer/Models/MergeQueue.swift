/// The pairs of a word that were mergeable when they were queued, each known by its left symbol: a binary heap with the first one to
/// merge in front. A pair is stale if its symbol has been merged or has another neighbour since.
struct MergeQueue {
    /// The rank above the position: candidates are compared more often than anything is done with them. So the lowest rank
    /// comes first, and of several pairs the leftmost.
    typealias Candidate = UInt64

    private let heap: UnsafeMutablePointer<Candidate>
    private var count = 0

    /// - Parameter storage: Has room for all that is queued at once.
    init(_ storage: UnsafeMutablePointer<Candidate>) { heap = storage }

    @inline(__always)
    mutating func insert(rank: Int32, position: Int32) {
        let candidate = UInt64(UInt32(bitPattern: rank)) << 32 | UInt64(UInt32(bitPattern: position))
        var child = count
        count += 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard candidate < heap[parent] else { break }
            heap[child] = heap[parent]
            child = parent
        }
        heap[child] = candidate
    }

    @inline(__always)
    mutating func popFirst() -> (rank: Int32, position: Int32)? {
        guard count > 0 else { return nil }
        let first = heap[0]
        count -= 1
        let last = heap[count]
        var parent = 0
        while true {
            var child = 2 * parent + 1
            guard child < count else { break }
            if child + 1 < count, heap[child + 1] < heap[child] { child += 1 }
            guard heap[child] < last else { break }
            heap[parent] = heap[child]
            parent = child
        }
        heap[parent] = last
        return (Int32(truncatingIfNeeded: first >> 32), Int32(truncatingIfNeeded: first))
    }
}
