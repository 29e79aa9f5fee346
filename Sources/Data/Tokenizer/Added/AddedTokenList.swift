/// Tokens that are to be added, each once.
struct AddedTokenList {
    private(set) var tokens: [AddedToken] = []
    /// By the UTF-8 of the contents: where in the list a token is, and what messages call it.
    private var known: [[UInt8]: (index: Int, place: String)] = [:]

    /// More than any model has.
    private static let limit = 1 << 20

    /// Takes a token up. The same again changes nothing.
    ///
    /// - Parameter place: What messages call it.
    mutating func append(_ token: AddedToken, at place: String) throws(TokenizerError) {
        try token.check(at: place)
        let key = Array(token.content.utf8)
        guard let first = known[key] else {
            guard tokens.count < Self.limit else { throw .badToken(place: place, reason: "is one more than \(Self.limit) tokens") }
            known[key] = (tokens.count, place)
            tokens.append(token)
            return
        }
        guard tokens[first.index] == token else {
            throw .badToken(
                place: place, reason: "'\(token.content)' has other switches than \(first.place), which has the same text; leave one out")
        }
    }
}

extension AddedToken {
    /// In bytes: as long as a token of SentencePiece in a GGUF may be.
    private static let lengthLimit = 1024

    /// Refuses a text that no token can have.
    ///
    /// - Parameter place: What messages call it.
    func check(at place: String) throws(TokenizerError) {
        guard !content.isEmpty else { throw .badToken(place: place, reason: "has no text") }
        let length = content.utf8.count
        guard length <= Self.lengthLimit else {
            throw .badToken(place: place, reason: "is \(length) bytes long; a token may have \(Self.lengthLimit)")
        }
    }
}
