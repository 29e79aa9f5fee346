import Tensor

/// The third stage: makes tokens of a word. Each kind of model is a file of this folder and a line of ``TokenModelKind``.
///
/// A class, for the closures through which words come to it would copy all of a structure's tables, and count
/// their references, at every piece of text.
protocol TokenModel: AnyObject, Sendable {
    /// The tokens and their ids.
    var vocabulary: Vocabulary { get }

    /// Leaves the tokens of a word, which is not empty, in a workspace.
    ///
    /// - Throws: ``TokenizerError/malformed(file:field:reason:)`` where the word needs an unknown token that there is not.
    func encode(_ word: UTF8Bytes, in workspace: inout MergeWorkspace) throws(TokenizerError)

    /// Whether no token goes from anything else to a `▁`, so that a text can be cut before each `▁` that does not follow another.
    var isCutBeforeMarks: Bool { get }

    /// The fields of `model` in `tokenizer.json` that say what the vocabulary is; the others are kept as they came.
    var vocabularyFields: JSONObject { get }
}

extension TokenModel {
    var isCutBeforeMarks: Bool { false }
}

/// The kinds of model.
enum TokenModelKind {
    /// Reads the `model` field.
    ///
    /// - Parameters:
    ///   - isByteLevel: Whether the words that come are bytes, and the vocabulary spells bytes by the byte-level alphabet.
    ///   - readsScoresExactly: As of ``Unigram``.
    static func model(_ field: JSONField, isByteLevel: Bool, readsScoresExactly: Bool = false) throws(TokenizerError) -> any TokenModel {
        switch try type(of: field) {
        case "BPE": return try BytePairEncoding(field, isByteLevel: isByteLevel)
        case "Unigram": return try Unigram(field, isByteLevel: isByteLevel, readsScoresExactly: readsScoresExactly)
        case "WordLevel": return try WordLevel(field, isByteLevel: isByteLevel)
        case "WordPiece": return try WordPiece(field, isByteLevel: isByteLevel)
        case let type: throw field["type"].unsupported("the model '\(type.oneLine)' is not supported")
        }
    }

    /// What the `type` says, or in older files, which have none, the fields that are there. The order is the library's.
    private static func type(of field: JSONField) throws(TokenizerError) -> String {
        guard field["type"].value == nil else { return try field["type"].string() }
        func has(_ names: String...) -> Bool { names.allSatisfy { field[$0].value != nil } }
        if field["vocab"].value?.array != nil { return "Unigram" }
        if has("merges") { return "BPE" }
        if has("unk_token", "continuing_subword_prefix", "max_input_chars_per_word") { return "WordPiece" }
        return has("unk_token") ? "WordLevel" : "BPE"
    }
}
