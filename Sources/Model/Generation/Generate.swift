import Tensor

extension MiniMind {
    /// Writes on from a prompt, token by token.
    ///
    /// - Parameters:
    ///   - prompt: at least one token
    ///   - maximumTokens: how many tokens are written at the most
    ///   - end: the token that ends the answer; it is not handed out
    ///   - sampler: how a token is chosen
    ///   - cached: whether keys and values are kept; without, every token reads all before it again,
    ///     to the same result
    ///   - onToken: called with each token as it is chosen; returning false ends the answer
    /// - Returns: the tokens written
    /// - Throws: ``ModelError`` for a token outside of the vocabulary or an empty prompt
    @discardableResult
    public func generate(
        from prompt: [Int32], maximumTokens: Int, end: Int32?, sampler: TokenSampler = .greedy,
        cached: Bool = true, onToken: (Int32) -> Bool = { _ in true }
    ) throws(ModelError) -> [Int32] {
        guard !prompt.isEmpty else { throw .configuration("the prompt has no token") }
        var sampler = sampler
        var written: [Int32] = []
        var seen = Set(prompt)
        let cache = cached ? KeyValueCache(configuration, capacity: prompt.count + max(maximumTokens, 0)) : nil
        while written.count < maximumTokens {
            let unread = written.isEmpty ? prompt : [written[written.count - 1]]
            let row =
                cached
                ? TokenRow(continuing: cache?.count ?? 0, with: unread)
                : TokenRow(continuing: 0, with: prompt + written)
            let scores = try nextTokenScores(row, cache)
            let token = sampler.next(scores, seen: seen)
            if token == end { break }
            written.append(token)
            seen.insert(token)
            if !onToken(token) { break }
        }
        return written
    }

    /// The scores of the token that follows the row.
    private func nextTokenScores(_ row: TokenRow, _ cache: KeyValueCache?) throws(ModelError) -> [Float] {
        try ComputeContext.withoutGradient { () throws(ModelError) in
            let last = Int32(row.tokens.count - 1)
            return logits(try hiddenStates(row, cache: cache, outputRows: [last])).values
        }
    }
}
