import Tensor

extension AddedToken {
    private static let fields = ["content", "single_word", "lstrip", "rstrip", "normalized", "special"]

    /// The token as `tokenizer.json` and `tokenizers.AddedToken` spell it: an object of `content`, `single_word`, `lstrip`, `rstrip`,
    /// `normalized` and `special`.
    public var json: JSON {
        [
            "content": .string(content), "single_word": .bool(isSingleWord), "lstrip": .bool(stripsLeft), "rstrip": .bool(stripsRight),
            "normalized": .bool(isNormalized), "special": .bool(isSpecial),
        ]
    }

    /// Reads a token that is to be added: a text, which is not special, or such an object. What an object leaves out is as
    /// ``init(_:isSpecial:isSingleWord:stripsLeft:stripsRight:isNormalized:)`` has it.
    ///
    /// - Throws: ``TokenizerError/badToken(place:reason:)`` for anything else, for a field of another name, and for a text that
    ///   no token can have.
    public init(json: JSON) throws(TokenizerError) { try self.init(json, at: "the added token") }

    /// - Parameter place: What messages call it.
    init(_ json: JSON, at place: String) throws(TokenizerError) {
        if let content = json.string {
            self.init(content)
        } else {
            guard let object = json.object else { throw .badToken(place: place, reason: "is neither a text nor an object") }
            // `transformers` writes the name of the class along.
            if let key = object.keys.first(where: { !Self.fields.contains($0) && !($0 == "__type" && object[$0] == "AddedToken") }) {
                throw .badToken(
                    place: place, reason: "has a field '\(key)'; those of a token are \(Self.fields.joined(separator: ", "))")
            }
            do throws(TokenizerError) {
                try self.init(JSONField(file: place, path: "", value: json))
            } catch {
                guard case .malformed(_, let field, let reason) = error else { throw error }
                throw .badToken(place: place, reason: "\(field) \(reason)")
            }
        }
        try check(at: place)
    }
}
