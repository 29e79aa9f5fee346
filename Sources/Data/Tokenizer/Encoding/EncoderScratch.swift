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
    mutating func encode(_ word: UTF8Bytes, with model: any TokenModel, into ids: inout [Int32]) {
        guard word.count <= Self.longestCachedWord else {
            return encodeLong(word, with: model) { id, _ in ids.append(id) }
        }
        let range = cachedTokens(of: word, with: model)
        ids += cache.tokens[range]
    }

    /// The same, and appends what each token stands for.
    ///
    /// - Parameters:
    ///   - origin: That of the word.
    ///   - source: The whole text.
    mutating func encode(
        _ word: UTF8Bytes, with model: any TokenModel, into tokens: inout TokenOffsets,
        _ origin: TrackedOrigin, in source: UTF8Bytes
    ) {
        var start = 0
        guard word.count <= Self.longestCachedWord else {
            return encodeLong(word, with: model) { id, length in
                let end = start + Int(length)
                tokens.append(id, origin.range(start..<end, in: source))
                start = end
            }
        }
        for index in cachedTokens(of: word, with: model) {
            let end = start + Int(cache.lengths[index])
            tokens.append(cache.tokens[index], origin.range(start..<end, in: source))
            start = end
        }
    }

    /// Where the cache has the tokens of a word, which are merged if they are new.
    @inline(__always)
    private mutating func cachedTokens(of word: UTF8Bytes, with model: any TokenModel) -> Range<Int> {
        let hash = WordCache.hash(word)
        if let range = cache.find(word, hash: hash) { return range }
        model.encode(word, in: &workspace)
        return cache.insert(word, hash: hash, workspace)
    }

    private mutating func encodeLong(_ word: UTF8Bytes, with model: any TokenModel, _ body: (Int32, Int32) -> Void) {
        model.encode(word, in: &workspace)
        workspace.forEachToken(body)
        if word.count > Self.longestKeptWord { workspace = MergeWorkspace() }
    }
}

/// Lends scratch to the threads that encode. A call takes its scratch out, so the lock is held for two
/// short moments a text instead of at every word, caches need no lock of their own, and there are never
/// more of them than calls have run at once.
final class EncoderScratchPool: Sendable {
    private let idle = Mutex<[EncoderScratch]>([])

    func withScratch<Failure: Error>(_ body: (inout EncoderScratch) throws(Failure) -> Void) throws(Failure) {
        var scratch = idle.withLock { $0.popLast() } ?? EncoderScratch()
        defer { idle.withLock { [scratch] in $0.append(scratch) } }
        try body(&scratch)
    }
}
