import Tensor

/// The third stage: makes tokens of a word. Each kind of model is a file of this folder and a line of ``TokenModelKind``.
///
/// A class, for the closures through which words come to it would copy all of a structure's tables, and count
/// their references, at every piece of text.
protocol TokenModel: AnyObject, Sendable {
    /// The tokens and their ids.
    var vocabulary: Vocabulary { get }

    /// Leaves the tokens of a word, which is not empty, in a workspace.
    func encode(_ word: UTF8Bytes, in workspace: inout MergeWorkspace)

    /// The fields of `model` in `tokenizer.json` that say what the vocabulary is; the others are kept as they came.
    var vocabularyFields: JSONObject { get }
}

/// The kinds of model.
enum TokenModelKind {
    /// Reads the `model` field.
    ///
    /// - Parameter isByteLevel: Whether the words that come are bytes, and the vocabulary spells bytes by the byte-level
    ///   alphabet.
    static func model(_ field: JSONField, isByteLevel: Bool) throws(TokenizerError) -> any TokenModel {
        let type = field["type"].value?.string ?? "BPE"
        switch type {
        case "BPE": return try BytePairEncoding(field, isByteLevel: isByteLevel)
        default: throw field["type"].unsupported("the model '\(type.oneLine)' is not supported")
        }
    }
}
