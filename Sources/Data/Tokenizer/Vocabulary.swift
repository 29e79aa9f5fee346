/// The tokens of the model and their ids.
///
/// Tokens are compared byte for byte; Swift's strings would take canonically equivalent ones for equal.
struct Vocabulary: Sendable {
    /// Ids stay below this, so that arithmetic on them cannot overflow; no model has a billion tokens.
    private static let idLimit = 1 << 30

    /// The tokens as they are spelled, in the byte-level alphabet where they are byte-level.
    private(set) var tokens: [Int32: String] = [:]
    /// Ids by the UTF-8 of the spelling.
    private var ids: [[UInt8]: Int32] = [:]

    /// The number of spellings.
    var count: Int { ids.count }

    /// Reads the `model.vocab` field: an object from tokens to ids.
    init(_ field: JSONField) throws(TokenizerError) {
        let object = try field.object()
        guard !object.keys.isEmpty else { throw field.malformed("is empty") }
        tokens.reserveCapacity(object.keys.count)
        ids.reserveCapacity(object.keys.count)
        for (token, value) in object {
            guard let id = value.integer, id >= 0, id < Self.idLimit else {
                throw field.malformed("'\(token)' has no id between 0 and \(Self.idLimit - 1)")
            }
            tokens[Int32(id)] = token
            ids[Array(token.utf8)] = Int32(id)
        }
    }

    /// The id of a spelling.
    func id(of token: String) -> Int32? { ids[Array(token.utf8)] }

    /// The ids by the bytes that the byte-level tokens stand for.
    func idsByBytes() -> [[UInt8]: Int32] {
        var byBytes: [[UInt8]: Int32] = [:]
        for (id, token) in tokens {
            if let bytes = ByteLevelAlphabet.decode(token) { byBytes[bytes] = id }
        }
        return byBytes
    }
}
