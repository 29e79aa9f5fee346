import Synchronization

/// What one call of `encode` works with: storage for merging, and the words that were merged before.
struct EncoderScratch: Sendable {
    /// Longer words hardly come again.
    private static let longestCachedWord = 64
    /// Storage for longer words is given back.
    private static let longestKeptWord = 65_536
    /// Bounds the cache to a few megabytes.
    private static let cacheLimit = 16_384

    private var workspace = MergeWorkspace()
    private var cache: [[UInt8]: [Int32]] = [:]

    /// Appends the tokens of a word.
    mutating func encode(_ word: UTF8Bytes, with model: BytePairEncoding, into ids: inout [Int32]) {
        guard word.count <= Self.longestCachedWord else {
            model.encode(word, &workspace)
            workspace.forEachToken { ids.append($0) }
            if word.count > Self.longestKeptWord { workspace = MergeWorkspace() }
            return
        }
        let key = Array(word)
        if let tokens = cache[key] {
            ids += tokens
            return
        }
        model.encode(word, &workspace)
        var tokens: [Int32] = []
        workspace.forEachToken { tokens.append($0) }
        ids += tokens
        // Starting over is simpler than to evict the oldest, and follows the text when it changes.
        if cache.count >= Self.cacheLimit { cache.removeAll(keepingCapacity: true) }
        cache[key] = tokens
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
