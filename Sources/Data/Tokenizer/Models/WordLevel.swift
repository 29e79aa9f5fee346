import Tensor

/// Whole words as tokens.
final class WordLevel: TokenModel {
    let vocabulary: Vocabulary
    private let words: ByteTrie
    private let unknown: UnknownToken

    /// Reads the `model` field.
    init(_ field: JSONField, isByteLevel: Bool) throws(TokenizerError) {
        vocabulary = try Vocabulary(field["vocab"])
        unknown = try UnknownToken(field["unk_token"], vocabulary)
        words = ByteTrie(vocabulary.keys(isByteLevel: isByteLevel))
    }

    var vocabularyFields: JSONObject { ["type": "WordLevel", "vocab": .object(vocabulary.idsByToken)] }

    func encode(_ word: UTF8Bytes, in workspace: inout MergeWorkspace) throws(TokenizerError) {
        workspace.start()
        let token = words.value(of: word)
        if token >= 0 {
            workspace.append(token, length: Int32(word.count))
        } else if let token = try unknown.id(for: word) {
            workspace.append(token, length: Int32(word.count))
        }
    }
}
