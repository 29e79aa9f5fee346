import Tensor

extension LanguageModel {
    /// Writes on from a prompt, token by token.
    ///
    /// - Parameters:
    ///   - prompt: at least one token
    ///   - maximumTokens: how many tokens are written at the most
    ///   - ends: the tokens that end the answer; none of them is handed out
    ///   - sampler: how a token is chosen
    ///   - cache: keys and values of an earlier generation of this model: what the prompt begins with and it has
    ///     kept is not read again
    ///   - onToken: called with each token as it is chosen; returning false ends the answer
    /// - Returns: the tokens written
    /// - Throws: ``ModelError`` for a token outside of the vocabulary, an empty prompt, more tokens than the cache
    ///   has room for, or logits that are not finite
    @discardableResult
    public func generate(
        from prompt: [Int32], maximumTokens: Int, ends: Set<Int32> = [], sampler: TokenSampler = .greedy,
        cache: KeyValueCache? = nil, onToken: (Int32) -> Bool = { _ in true }
    ) throws(ModelError) -> [Int32] {
        guard !prompt.isEmpty else { throw .configuration("the prompt has no token") }
        var sampler = sampler
        var written: [Int32] = []
        var seen = Set(prompt)
        // A limit that is none, `.max`, is as good as any.
        let room = min(max(maximumTokens, 0), Int.max - prompt.count)
        let cache = cache ?? KeyValueCache(configuration, capacity: prompt.count + room)
        // Keys that were turned for a text of another length are not those of this one.
        if !cache.hasAngles(ofLength: prompt.count, configuration) { cache.keep(0) }
        // The scores behind the last token are wanted, so that one is read in any case.
        cache.keep(min(cache.commonCount(prompt), prompt.count - 1))
        while written.count < maximumTokens {
            // Where the text grows out of its angles all of it is read again, as Phi-3's class does.
            if configuration.ropeScaling?.changesOnce == true, !cache.hasAngles(ofLength: prompt.count + written.count, configuration) {
                cache.keep(0)
            }
            let unread = cache.count < prompt.count ? Array(prompt[cache.count...]) + written : [written[written.count - 1]]
            let token = sampler.next(try nextTokenScores(TokenRow(continuing: cache.count, with: unread), cache), seen: seen)
            if ends.contains(token) { break }
            written.append(token)
            seen.insert(token)
            if !onToken(token) { break }
        }
        return written
    }

    /// The scores of the token that follows the row.
    private func nextTokenScores(_ row: TokenRow, _ cache: KeyValueCache) throws(ModelError) -> [Float] {
        try ComputeContext.withoutGradient { () throws(ModelError) in
            let last = Int32(row.tokens.count - 1)
            let logits = logits(try hiddenStates(row, cache: cache, outputRows: [last]))
            guard logits.isFinite else { throw .logitsNotFinite(ComputeContext.current.precision) }
            return logits.values
        }
    }
}
