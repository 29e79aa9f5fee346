import Tensor

/// Cuts a word into the pieces whose scores, the logarithms of their probabilities, have the greatest sum.
///
/// Source: Kudo, "Subword Regularization: Improving Neural Network Translation Models with Multiple Subword Candidates",
/// 2018; the details (ties, unknown characters, rounding) are those of the Hugging Face `tokenizers` library.
final class Unigram: TokenModel {
    /// The best way to cut a word up to a byte. The way back is later turned round: then `start` is where the next piece ends.
    struct PathNode: Sendable {
        var score = 0.0
        /// Where the last piece starts; -1 where none ends here.
        var start: Int32 = -1
        var token: Int32 = -1
    }

    /// How much less an unknown character counts than the piece of the lowest score.
    private static let unknownPenalty = 10.0

    let vocabulary: Vocabulary
    /// By id.
    let scores: [Double]
    private let unknownScore: Double
    private let pieces: ByteTrie
    private let unknown: UnknownToken
    private let bytes: ByteFallback?
    private let isByteLevel: Bool

    /// Reads the `model` field.
    ///
    /// - Parameter readsScoresExactly: Whether the scores are those of the field. Otherwise they are what the library makes
    ///   of them when it reads a `tokenizer.json`.
    init(_ field: JSONField, isByteLevel: Bool, readsScoresExactly: Bool = false) throws(TokenizerError) {
        self.isByteLevel = isByteLevel
        let entries = try Self.entries(field["vocab"])
        vocabulary = try Vocabulary(pieces: entries.map(\.piece), field["vocab"])
        let scores = entries.map { readsScoresExactly ? $0.score : UnigramScore.asRead($0.score) }
        self.scores = scores
        unknownScore = (scores.min() ?? 0) - Self.unknownPenalty
        let keys = vocabulary.keys(isByteLevel: isByteLevel)
        try PieceLength.check(keys, field["vocab"])
        pieces = ByteTrie(keys)
        unknown = try Self.unknown(field["unk_id"], count: entries.count)
        let fallsBack = try field["byte_fallback"].bool(default: false)
        bytes = fallsBack ? ByteFallback(vocabulary, isByteLevel: isByteLevel) : nil
    }

    private static func entries(_ field: JSONField) throws(TokenizerError) -> [(piece: String, score: Double)] {
        guard let list = field.value?.array else {
            throw field.malformed(field.value == nil ? "is missing" : "is not an array")
        }
        var entries: [(piece: String, score: Double)] = []
        entries.reserveCapacity(list.count)
        for (index, entry) in list.enumerated() {
            guard let pair = entry.array, pair.count == 2, let piece = pair[0].string, let score = pair[1].number else {
                throw .malformed(file: field.file, field: "\(field.path)[\(index)]", reason: "is not [\"piece\", score]")
            }
            entries.append((piece, score))
        }
        return entries
    }

    private static func unknown(_ field: JSONField, count: Int) throws(TokenizerError) -> UnknownToken {
        guard field.value != nil else { return .missing(file: field.file, field: field.path, reason: "is missing") }
        guard let id = field.value?.integer, 0..<count ~= id else { throw field.malformed("is not the id of one of \(count) tokens") }
        return .token(Int32(id))
    }

    var vocabularyFields: JSONObject {
        let entries = scores.enumerated().map { id, score -> JSON in
            .array([.string(vocabulary.tokens[Int32(id)] ?? ""), .number(UnigramScore.written(score))])
        }
        return ["type": "Unigram", "vocab": .array(entries)]
    }

    func encode(_ word: UTF8Bytes, in workspace: inout MergeWorkspace) throws(TokenizerError) {
        workspace.start()
        let missing = workspace.withPath(count: word.count + 1) { path in
            let missing = findPath(in: word, &path)
            if missing == nil { Self.turnRound(&path) }
            return missing
        }
        if let missing {
            _ = try unknown.id(for: missing)
            return
        }
        let unknownToken = unknown.id ?? -1
        var start = 0
        var firstUnknown = 0
        while start < word.count {
            let end = Int(workspace.path[start].start)
            let token = workspace.path[end].token
            if token != unknownToken {
                addUnknown(word, firstUnknown..<start, to: &workspace)
                workspace.append(token, length: Int32(end - start))
                firstUnknown = end
            }
            start = end
        }
        addUnknown(word, firstUnknown..<start, to: &workspace)
    }

    /// Leaves at each byte at which a piece may end the best way there.
    ///
    /// - Returns: A character that has no piece where the vocabulary has no unknown token either.
    private func findPath(in word: UTF8Bytes, _ path: inout UnsafeMutableBufferPointer<PathNode>) -> UTF8Bytes? {
        pieces.units.withUnsafeBufferPointer { units in
            scores.withUnsafeBufferPointer { scores in
                var start = 0
                while start < word.count {
                    let before = path[start].score
                    let characterEnd = min(word.count, start + (isByteLevel ? 1 : word[start].scalarLength))
                    var isKnown = false
                    var node = ByteTrie.root
                    var end = start
                    while end < word.count, let child = ByteTrie.child(of: node, word[end], in: units) {
                        node = child
                        end += 1
                        let token = units[Int(node)].value
                        guard token >= 0 else { continue }
                        let score = scores[Int(token)] + before
                        // Of equals the first counts, which is the one that starts first.
                        if path[end].start < 0 || score > path[end].score {
                            path[end] = PathNode(score: score, start: Int32(start), token: token)
                        }
                        if end == characterEnd { isKnown = true }
                    }
                    if !isKnown {
                        let score = unknownScore + before
                        if path[characterEnd].start < 0 || score > path[characterEnd].score {
                            guard let token = unknown.id else { return word.slice(start..<characterEnd) }
                            path[characterEnd] = PathNode(score: score, start: Int32(start), token: token)
                        }
                    }
                    start = characterEnd
                }
                return nil
            }
        }
    }

    /// Makes of the starts of the pieces, from the last piece back, their ends from the first one on.
    private static func turnRound(_ path: inout UnsafeMutableBufferPointer<PathNode>) {
        var next: Int32 = -1
        var position = Int32(path.count - 1)
        while position >= 0 {
            let previous = path[Int(position)].start
            path[Int(position)].start = next
            next = position
            position = previous
        }
    }

    /// Adds the token of a run of unknown characters, which may be a piece after all, or the tokens of its bytes.
    private func addUnknown(_ word: UTF8Bytes, _ range: Range<Int>, to workspace: inout MergeWorkspace) {
        guard !range.isEmpty, let unknownToken = unknown.id else { return }
        let run = word.slice(range)
        let piece = pieces.value(of: run)
        if piece >= 0 {
            workspace.append(piece, length: Int32(run.count))
        } else if let bytes, bytes.hasTokens(for: run) {
            bytes.forEachToken(of: run) { token, index in
                // In the library each of them stands for the whole run.
                workspace.append(token, length: index == 0 ? Int32(run.count) : 0)
            }
        } else {
            workspace.append(unknownToken, length: Int32(run.count))
        }
    }
}
