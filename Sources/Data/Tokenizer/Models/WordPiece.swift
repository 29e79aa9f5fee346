import Tensor

/// Cuts a word from the left into the longest pieces that are tokens. A word that cannot be cut so is unknown as a whole.
///
/// Source: Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding", 2018; the
/// details are those of the Hugging Face `tokenizers` library.
final class WordPiece: TokenModel {
    let vocabulary: Vocabulary
    private let first: ByteTrie
    /// The pieces after the first, without the prefix that marks them, such as `##`.
    private let following: ByteTrie
    private let unknown: UnknownToken
    /// A word of more characters is unknown.
    private let longestWord: Int
    private let isByteLevel: Bool

    /// Reads the `model` field.
    init(_ field: JSONField, isByteLevel: Bool) throws(TokenizerError) {
        self.isByteLevel = isByteLevel
        vocabulary = try Vocabulary(field["vocab"])
        unknown = try UnknownToken(field["unk_token"], vocabulary)
        let limit = field["max_input_chars_per_word"]
        guard let value = limit.value?.integer, value >= 0 else {
            throw limit.malformed(limit.value == nil ? "is missing" : "is not a number of characters")
        }
        longestWord = value
        let prefix = try field["continuing_subword_prefix"].string()
        let pieces = vocabulary.keys(isByteLevel: isByteLevel)
        try PieceLength.check(pieces, field["vocab"])
        first = ByteTrie(pieces)
        following = prefix.isEmpty ? first : ByteTrie(vocabulary.keys(isByteLevel: isByteLevel, after: Array(prefix.utf8)))
    }

    var vocabularyFields: JSONObject { ["type": "WordPiece", "vocab": .object(vocabulary.idsByToken)] }

    func encode(_ word: UTF8Bytes, in workspace: inout MergeWorkspace) throws(TokenizerError) {
        workspace.start()
        if hasTooManyCharacters(word) || !addPieces(of: word, to: &workspace) {
            workspace.start()
            if let token = try unknown.id(for: word) { workspace.append(token, length: Int32(word.count)) }
        }
    }

    /// - Returns: Whether the word is made of tokens.
    private func addPieces(of word: UTF8Bytes, to workspace: inout MergeWorkspace) -> Bool {
        var start = 0
        while start < word.count {
            let piece = start == 0 ? first.longestPrefix(of: word, from: 0) : following.longestPrefix(of: word, from: start)
            guard let (token, end) = piece else { return false }
            workspace.append(token, length: Int32(end - start))
            start = end
        }
        return true
    }

    private func hasTooManyCharacters(_ word: UTF8Bytes) -> Bool {
        guard word.count > longestWord else { return false }
        if isByteLevel { return true }
        var count = 0
        for byte in word where byte & 0xC0 != 0x80 {
            count += 1
            if count > longestWord { return true }
        }
        return false
    }
}

/// Keeps the time to cut a text proportional to its length, whatever the vocabulary.
enum PieceLength {
    /// In bytes. Trained pieces have some dozens.
    private static let limit = 4096

    static func check(_ pieces: [(key: [UInt8], value: Int32)], _ field: JSONField) throws(TokenizerError) {
        for piece in pieces where piece.key.count > limit {
            throw field.unsupported("token \(piece.value) has more than \(limit) bytes")
        }
    }
}
