import Synchronization

/// What one call of `encode` works with: storage for merging, and the words that were merged before.
struct EncoderScratch: Sendable {
    /// Longer words hardly come again.
    private static let longestCachedWord = 64
    /// Storage for longer words is given back.
    private static let longestKeptWord = 65_536

    private var workspace = MergeWorkspace()
    private var cache = WordCache()

    /// Appends the tokens of a word.
    mutating func encode(_ word: UTF8Bytes, with model: BytePairEncoding, into ids: inout [Int32]) {
        guard word.count <= Self.longestCachedWord else {
            model.encode(word, &workspace, into: &ids)
            if word.count > Self.longestKeptWord { workspace = MergeWorkspace() }
            return
        }
        let hash = WordCache.hash(word)
        if cache.append(word, hash: hash, to: &ids) { return }
        let start = ids.count
        model.encode(word, &workspace, into: &ids)
        cache.insert(word, hash: hash, ids[start...])
    }
}

/// Lends scratch to the threads that encode. A call takes its scratch out, so the lock is held for two
/// short moments a text instead of at every word, caches need no lock of their own, and there are never
/// more of them than calls have run at once.
final class EncoderScratchPool: Sendable {
    private let idle = Mutex<[EncoderScratch]>([])

    func withScratch(_ body: (inout EncoderScratch) -> Void) {
        var scratch = idle.withLock { $0.popLast() } ?? EncoderScratch()
        body(&scratch)
        idle.withLock { [scratch] in $0.append(scratch) }
    }
}
