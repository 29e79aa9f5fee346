import Tensor

/// What a file says of a tokenizer, in terms of `tokenizer.json`. Readers of other formats make one too, so that there is
/// one way from a description to a tokenizer.
struct TokenizerDescription {
    /// `tokenizer.json`. Where ``makeModel`` is given, `model` needs neither vocabulary nor merges.
    var definition: JSONField
    /// The added tokens that it lists.
    var added: [AddedToken]
    /// What stands beside it.
    var configuration: TokenizerConfiguration
    /// Ids that end generation, besides those known by their names.
    var ends: [Int32] = []
    /// Makes the model of the `model` field, of words in bytes or in characters; `nil` reads it with vocabulary and merges.
    var makeModel: ((JSONField, _ isByteLevel: Bool) throws(TokenizerError) -> any TokenModel)?
}

extension TokenizerDescription {
    /// Reads `tokenizer.json` of a folder and what stands beside it.
    init(folder: String) throws(TokenizerError) {
        let field = try JSONField(contentsOf: "\(folder)/tokenizer.json")
        let version = field["version"]
        guard version.value?.string ?? "1.0" == "1.0" else {
            throw version.unsupported("this is not version 1.0 of the format")
        }
        definition = field
        added = []
        for element in try field["added_tokens"].elements() { added.append(try AddedToken(element)) }
        configuration = try TokenizerConfiguration(folder: folder)
        ends = try EndTokens.configured(folder: folder)
    }
}
