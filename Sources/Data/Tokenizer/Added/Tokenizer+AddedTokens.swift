extension Tokenizer {
    /// A tokenizer that knows tokens besides its own, as `tokenizer.add_tokens(tokens)` of `transformers` makes it.
    ///
    /// A text that the tokenizer has no token for gets the next free id. One that is a token already, added or of the
    /// vocabulary, keeps its id; from then on it is cut out of texts like the others, with the switches given here. The same
    /// token twice is one.
    ///
    /// In a tokenizer of a GGUF file the places without a token at the end of its list, `[PAD151669]` and so on, are free, and
    /// tokens are sought in the text as it came, whatever ``AddedToken/isNormalized`` says: llama.cpp seeks all of them so.
    ///
    /// - Returns: The tokenizer, and the ids of the tokens in their order.
    /// - Throws: ``TokenizerError/badToken(place:reason:)`` where a token has no text or an overlong one, is there twice with
    ///   different switches, is never found in a text, or would get an id that another token has.
    public func adding(_ tokens: [AddedToken]) throws(TokenizerError) -> (tokenizer: Tokenizer, ids: [Int32]) {
        var list = AddedTokenList()
        for (index, token) in tokens.enumerated() { try list.append(token, at: "added token \(index + 1)") }
        var new = list.tokens
        if seeksTokensVerbatim { for index in new.indices { new[index].isNormalized = false } }

        var vocabulary = added
        vocabulary.add(new, to: model.vocabulary)
        for token in new where id(of: token.content) == nil {
            // Ids follow on from the number of tokens, and a vocabulary may have gaps.
            guard let id = vocabulary.id(of: token.content), let other = decoder.spelling(id) else { continue }
            throw .badToken(
                place: "the added token '\(token.content)'", reason: "would get the id \(id), which '\(other)' has; the ids have gaps")
        }
        let tokenizer = try replacing(vocabulary)
        for token in new { try tokenizer.checkIsFound(token) }
        return (tokenizer, tokens.compactMap { vocabulary.id(of: $0.content) })
    }

    /// Nothing would be learned of a token that no text has.
    private func checkIsFound(_ token: AddedToken) throws(TokenizerError) {
        if token.isSpecial, configuration.splitsSpecialTokens { return }
        guard let id = added.id(of: token.content), try !encode(token.content).contains(id) else { return }
        throw .badToken(
            place: "the added token '\(token.content)'",
            reason: "is never found: the tokenizer rewrites its text, or finds another token there first; leave it out"
                + (token.isNormalized ? ", or give it \"normalized\": false" : ""))
    }
}
