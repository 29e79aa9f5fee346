import Tensor

/// The third stage: merges the bytes or characters of a word into tokens, the pair of lowest rank first.
///
/// Source: Sennrich et al., "Neural Machine Translation of Rare Words with Subword Units", 2016; the
/// details (ties, unknown bytes, stale pairs) are those of the Hugging Face `tokenizers` library.
final class BytePairEncoding: TokenModel {
    /// What a word is made of before anything is merged.
    private enum Alphabet: Sendable {
        /// Bytes, each with its token; `nil` where the vocabulary lacks it.
        case bytes([Int32?])
        /// Characters with their tokens by scalar, and the tokens of bytes, `<0x00>` to `<0xFF>`, for
        /// characters that have none.
        case characters([UInt32: Int32], fallback: [Int32?])
    }

    let vocabulary: Vocabulary
    let merges: MergeTable
    /// By id, where the merges come from scores, as SentencePiece has them; empty otherwise.
    let scores: [Float]
    private let alphabet: Alphabet
    private let unknownToken: Int32?
    /// Whether neighbouring unknown bytes become one unknown token.
    private let fusesUnknown: Bool
    /// Whether a word that is a token is taken for it, though merges may lead elsewhere.
    let ignoresMerges: Bool
    /// Such words, as UTF-8; none where merges are not ignored.
    private let wholeWords: [[UInt8]: Int32]

    /// Reads the `model` field.
    convenience init(_ field: JSONField, isByteLevel: Bool) throws(TokenizerError) {
        try self.init(options: field, isByteLevel: isByteLevel) { () throws(TokenizerError) in
            let vocabulary = try Vocabulary(field["vocab"])
            return (vocabulary, try MergeTable(field["merges"], vocabulary))
        }
    }

    /// - Parameters:
    ///   - options: The `model` field, of which vocabulary and merges are not looked at.
    ///   - scores: Where the merges come from scores, those by id.
    init(
        options field: JSONField, isByteLevel: Bool, scores: [Float] = [],
        _ tables: () throws(TokenizerError) -> (Vocabulary, MergeTable)
    ) throws(TokenizerError) {
        for option in ["continuing_subword_prefix", "end_of_word_suffix"] {
            guard field[option].value?.string ?? "" == "" else {
                throw field[option].unsupported("marks of words are not supported")
            }
        }
        let fallsBack = try field["byte_fallback"].bool(default: false)
        guard !(fallsBack && isByteLevel) else {
            throw field["byte_fallback"].unsupported("a byte-level tokenizer has a token for every byte")
        }
        guard field["dropout"].value?.number ?? 0 == 0 else {
            throw field["dropout"].unsupported("merges that are dropped at random give no fixed ids; set it to null")
        }
        self.scores = scores
        fusesUnknown = try field["fuse_unk"].bool(default: false)
        ignoresMerges = try field["ignore_merges"].bool(default: false)

        let (vocabulary, merges) = try tables()
        self.vocabulary = vocabulary
        self.merges = merges
        var lacksBytes = false
        if isByteLevel {
            let tokens = ByteLevelAlphabet.scalars.map { vocabulary.id(of: String($0)) }
            lacksBytes = tokens.contains(nil)
            alphabet = .bytes(tokens)
        } else {
            let tokens = (UInt8.min...UInt8.max).map { fallsBack ? vocabulary.id(of: ByteToken.spelling(of: $0)) : nil }
            lacksBytes = tokens.contains(nil)
            alphabet = .characters(vocabulary.idsByScalar(), fallback: tokens)
        }
        wholeWords = !ignoresMerges ? [:] : isByteLevel ? vocabulary.idsByBytes() : vocabulary.idsBySpelling()
        if let token = field["unk_token"].value?.string {
            unknownToken = vocabulary.id(of: token)
            guard unknownToken != nil || !lacksBytes else {
                throw field["unk_token"].malformed("'\(token.oneLine)' is not in \(vocabulary.place), and some bytes need it")
            }
        } else {
            unknownToken = nil
        }
    }

    var vocabularyFields: JSONObject {
        let tokens = vocabulary.tokens
        let merges = merges.pairs.map { JSON.array([$0.left, $0.right].map { .string(tokens[$0] ?? "") }) }
        return ["type": "BPE", "vocab": .object(vocabulary.idsByToken), "merges": .array(merges)]
    }

    func encode(_ word: UTF8Bytes, in workspace: inout MergeWorkspace) {
        workspace.start()
        if !wholeWords.isEmpty, let id = wholeWords[Array(word)] {
            workspace.append(id, length: Int32(word.count))
            return
        }
        switch alphabet {
        case .bytes(let tokens): addBytes(of: word, tokens, to: &workspace)
        case .characters(let tokens, let fallback): addCharacters(of: word, tokens, fallback, to: &workspace)
        }
        workspace.merge(using: merges)
    }

    /// The tokens of the single bytes. A byte without one becomes the unknown token, or nothing where
    /// there is none either.
    private func addBytes(of word: UTF8Bytes, _ tokens: [Int32?], to workspace: inout MergeWorkspace) {
        var followsUnknown = false
        for byte in word {
            if let token = tokens[Int(byte)] {
                workspace.append(token, length: 1)
                followsUnknown = false
            } else if let unknownToken, !(followsUnknown && fusesUnknown) {
                workspace.append(unknownToken, length: 1)
                followsUnknown = true
            } else {
                workspace.extendLast(by: 1)
            }
        }
    }

    /// The tokens of the single characters. One without becomes the tokens of its bytes, if each has one,
    /// else the unknown token, or nothing where there is none either.
    private func addCharacters(
        of word: UTF8Bytes, _ tokens: [UInt32: Int32], _ fallback: [Int32?], to workspace: inout MergeWorkspace
    ) {
        // As in the library, an unknown token waits for the next one or a known character, and so goes
        // after bytes. In the library each token's length counts from the end of the one before, so there
        // the ranges of both are off, and here as well.
        var pending: Int32 = 0
        func flush() {
            if pending > 0, let unknownToken { workspace.append(unknownToken, length: pending) }
            pending = 0
        }
        var index = 0
        while index < word.count {
            let (scalar, length) = word.scalar(at: index)
            defer { index += length }
            if let token = tokens[scalar] {
                flush()
                workspace.append(token, length: Int32(length))
                continue
            }
            let bytes = word[index..<index + length].compactMap { fallback[Int($0)] }
            if bytes.count == length {
                for token in bytes { workspace.append(token, length: 1) }
            } else if unknownToken != nil {
                if !fusesUnknown { flush() }
                pending += Int32(length)
            } else {
                workspace.extendLast(by: Int32(length))
            }
        }
        flush()
    }
}

/// Tokens that stand for a byte in vocabularies of characters, such as `<0x0A>`.
enum ByteToken {
    static func spelling(of byte: UInt8) -> String {
        let digits = String(byte, radix: 16, uppercase: true)
        return "<0x\(digits.count < 2 ? "0" : "")\(digits)>"
    }

    /// The byte of a spelling; `nil` for any other token.
    static func byte(of spelling: String) -> UInt8? {
        let utf8 = Array(spelling.utf8)
        guard utf8.count == 6, utf8.starts(with: "<0x".utf8), utf8[5] == UInt8(ascii: ">") else { return nil }
        return UInt8(String(decoding: utf8[3..<5], as: UTF8.self), radix: 16)
    }
}
