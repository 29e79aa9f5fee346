import Tensor

/// The third stage: merges the bytes or characters of a word into tokens, the pair of lowest rank first.
///
/// Source: Sennrich et al., "Neural Machine Translation of Rare Words with Subword Units", 2016; the
/// details (ties, unknown bytes, stale pairs) are those of the Hugging Face `tokenizers` library.
final class BytePairEncoding: TokenModel {
    /// In bytes. Each word may be longer by both marks, so that they have to be short.
    private static let markLimit = 64

    let vocabulary: Vocabulary
    let merges: MergeTable
    /// By id, where the merges come from scores, as SentencePiece has them; empty otherwise.
    let scores: [Float]
    private let alphabet: WordAlphabet
    /// What marks all characters of a word but the first, and the last one; most often nothing.
    private let prefix: [UInt8]
    private let suffix: [UInt8]
    private let bytes: ByteFallback?
    /// The tokens of the marks, as far as bytes serve for them; `nil` where they do not.
    private let prefixBytes: [Int32]?
    private let suffixBytes: [Int32]?
    private let unknown: UnknownToken
    /// Whether neighbouring unknown bytes become one unknown token.
    private let fusesUnknown: Bool
    /// Whether a word that is a token is taken for it, though merges may lead elsewhere.
    let ignoresMerges: Bool
    /// Such words, as UTF-8; none where merges are not ignored.
    private let wholeWords: [[UInt8]: Int32]

    let isCutBeforeMarks: Bool

    /// Reads the `model` field.
    convenience init(_ field: JSONField, isByteLevel: Bool) throws(TokenizerError) {
        try self.init(options: field, isByteLevel: isByteLevel) { () throws(TokenizerError) in
            let vocabulary = try Vocabulary(field["vocab"])
            return (vocabulary, try MergeTable(field["merges"], vocabulary, prefix: try Self.mark(field["continuing_subword_prefix"])))
        }
    }

    /// - Parameters:
    ///   - options: The `model` field, of which vocabulary and merges are not looked at.
    ///   - scores: Where the merges come from scores, those by id.
    init(
        options field: JSONField, isByteLevel: Bool, scores: [Float] = [],
        _ tables: () throws(TokenizerError) -> (Vocabulary, MergeTable)
    ) throws(TokenizerError) {
        prefix = try Self.mark(field["continuing_subword_prefix"])
        suffix = try Self.mark(field["end_of_word_suffix"])
        guard field["dropout"].value == nil || field["dropout"].value?.number == 0 else {
            throw field["dropout"].unsupported("merges that are dropped at random give no fixed ids; set it to null")
        }
        self.scores = scores
        fusesUnknown = try field["fuse_unk"].bool(default: false)
        ignoresMerges = try field["ignore_merges"].bool(default: false)

        let (vocabulary, merges) = try tables()
        self.vocabulary = vocabulary
        self.merges = merges
        alphabet = WordAlphabet(vocabulary, isByteLevel: isByteLevel, prefix: prefix, suffix: suffix)
        let fallback = try field["byte_fallback"].bool(default: false) ? ByteFallback(vocabulary, isByteLevel: isByteLevel) : nil
        bytes = fallback?.isEmpty == true ? nil : fallback
        prefixBytes = ByteFallback.tokens(of: prefix, vocabulary)
        suffixBytes = ByteFallback.tokens(of: suffix, vocabulary)
        wholeWords = !ignoresMerges ? [:] : isByteLevel ? vocabulary.idsByBytes() : vocabulary.idsBySpelling()
        unknown = field["unk_token"].value == nil ? .none : try UnknownToken(field["unk_token"], vocabulary)
        isCutBeforeMarks =
            !isByteLevel && !ignoresMerges && prefix.isEmpty && suffix.isEmpty && vocabulary.id(of: "▁") != nil
            && merges.results.allSatisfy { !SpaceMark.follows(in: vocabulary.tokens[$0] ?? "") }
    }

    private static func mark(_ field: JSONField) throws(TokenizerError) -> [UInt8] {
        guard field.value != nil else { return [] }
        let mark = Array(try field.string().utf8)
        guard mark.count <= markLimit else { throw field.unsupported("has more than \(markLimit) bytes") }
        return mark
    }

    /// Whether the characters of a word are marked by where they stand.
    var marksCharacters: Bool { !prefix.isEmpty || !suffix.isEmpty }

    /// Whether bytes or characters without a token become tokens of bytes.
    var fallsBackToBytes: Bool { bytes != nil && !alphabet.hasAllBytes }

    var vocabularyFields: JSONObject {
        let tokens = vocabulary.tokens
        let merges = merges.pairs.map { JSON.array([$0.left, $0.right].map { .string(tokens[$0] ?? "") }) }
        return ["type": "BPE", "vocab": .object(vocabulary.idsByToken), "merges": .array(merges)]
    }

    func encode(_ word: UTF8Bytes, in workspace: inout MergeWorkspace) throws(TokenizerError) {
        workspace.start()
        if !wholeWords.isEmpty, let id = wholeWords[Array(word)] {
            workspace.append(id, length: Int32(word.count))
            return
        }
        // As in the library, an unknown token waits for the next one or a known character, and so goes
        // after bytes. In the library each token's length counts from the end of the one before, so there
        // the ranges of both are off, and here as well.
        var pending: Int32 = 0
        var index = alphabet.addPlainBytes(of: word, to: &workspace)
        while index < word.count {
            let (unit, length) = alphabet.unit(of: word, at: index)
            let end = index + length
            let token = alphabet.token(unit, isFirst: index == 0, isLast: end == word.count)
            if token >= 0 {
                if pending > 0 { flush(&pending, to: &workspace) }
                workspace.append(token, length: Int32(length))
            } else {
                try addUnknown(word, index..<end, &pending, to: &workspace)
            }
            index = end
        }
        flush(&pending, to: &workspace)
        workspace.merge(using: merges)
    }

    /// Adds the unknown token that waits.
    private func flush(_ pending: inout Int32, to workspace: inout MergeWorkspace) {
        if pending > 0, let token = unknown.id { workspace.append(token, length: pending) }
        pending = 0
    }

    /// Adds what stands for a byte or character without a token: the tokens of its bytes, if each has one, else the unknown
    /// token, or nothing where there is none either.
    @inline(never)
    private func addUnknown(
        _ word: UTF8Bytes, _ range: Range<Int>, _ pending: inout Int32, to workspace: inout MergeWorkspace
    ) throws(TokenizerError) {
        let unit = word.slice(range)
        if addBytes(of: unit, isFirst: range.lowerBound == 0, isLast: range.upperBound == word.count, to: &workspace) { return }
        let length = Int32(range.count)
        if try unknown.id(for: unit) != nil {
            if !fusesUnknown { flush(&pending, to: &workspace) }
            pending += length
        } else {
            workspace.extendLast(by: length)
        }
    }

    /// Adds the tokens of the bytes of a byte or character and its marks.
    ///
    /// - Returns: Whether each of them has one; otherwise nothing is added.
    private func addBytes(of unit: UTF8Bytes, isFirst: Bool, isLast: Bool, to workspace: inout MergeWorkspace) -> Bool {
        guard let bytes, bytes.hasTokens(for: unit), let before = isFirst ? [] : prefixBytes, let after = isLast ? suffixBytes : []
        else { return false }
        // Each stands for one byte as far as there are so many, and those left over for the last of them.
        var left = unit.count
        func add(_ token: Int32) {
            workspace.append(token, length: left > 0 ? 1 : 0)
            left -= 1
        }
        for token in before { add(token) }
        bytes.forEachToken(of: unit) { token, _ in add(token) }
        for token in after { add(token) }
        return true
    }
}
