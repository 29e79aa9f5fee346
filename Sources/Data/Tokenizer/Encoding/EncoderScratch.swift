import Synchronization

/// What one call of `encode` works with: storage for the model, and the tokens of words that came before.
struct EncoderScratch: Sendable {
    /// Longer words hardly come again.
    private static let longestCachedWord = 64
    /// Storage for longer words is given back.
    private static let longestKeptWord = 65_536

    private var workspace = MergeWorkspace()
    private var cache = WordCache()

    /// Appends the tokens of a word.
    mutating func encode(_ word: UTF8Bytes, with model: any TokenModel, into ids: inout [Int32]) throws(TokenizerError) {
        guard word.count <= Self.longestCachedWord else {
            return try forEachTokenOfLong(word, with: model) { id, _ in ids.append(id) }
        }
        let range = try cachedTokens(of: word, with: model)
        cache.appendTokens(range, to: &ids)
    }

    /// The same, and appends what each token stands for.
    ///
    /// - Parameters:
    ///   - origin: That of the word.
    ///   - source: The whole text.
    mutating func encode(
        _ word: UTF8Bytes, with model: any TokenModel, into tokens: inout TokenOffsets,
        _ origin: TrackedOrigin, in source: UTF8Bytes
    ) throws(TokenizerError) {
        var end = 0
        var range = 0..<0
        func append(_ id: Int32, _ length: Int) {
            // A token without bytes of its own stands for those of the token before it.
            if length > 0 {
                range = origin.range(end..<end + length, in: source)
                end += length
            }
            tokens.append(id, range)
        }
        guard word.count <= Self.longestCachedWord else {
            return try forEachTokenOfLong(word, with: model) { append($0, Int($1)) }
        }
        for index in try cachedTokens(of: word, with: model) { append(cache.tokens[index], Int(cache.lengths[index])) }
    }

    /// Where the cache has the tokens of a word, which are merged if they are new.
    @inline(__always)
    private mutating func cachedTokens(of word: UTF8Bytes, with model: any TokenModel) throws(TokenizerError) -> Range<Int> {
        let hash = WordCache.hash(word)
        if let range = cache.find(word, hash: hash) { return range }
        try model.encode(word, in: &workspace)
        return cache.insert(word, hash: hash, workspace)
    }

    /// Calls `body` with the tokens of a long word, and how many bytes each stands for. Parts of it whose tokens are found one
    /// by one may be short enough to be cached; most often it has but one.
    private mutating func forEachTokenOfLong(
        _ word: UTF8Bytes, with model: any TokenModel, _ body: (Int32, Int32) -> Void
    ) throws(TokenizerError) {
        defer { if word.count > Self.longestKeptWord { workspace = MergeWorkspace() } }
        var start = 0
        while start < word.count {
            let end = model.isCutBeforeMarks ? SpaceMark.end(ofPartFrom: start, in: word) : word.count
            let part = word.slice(start..<end)
            if part.count <= Self.longestCachedWord {
                for index in try cachedTokens(of: part, with: model) { body(cache.tokens[index], Int32(cache.lengths[index])) }
            } else {
                try model.encode(part, in: &workspace)
                workspace.forEachToken(body)
            }
            start = end
        }
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
