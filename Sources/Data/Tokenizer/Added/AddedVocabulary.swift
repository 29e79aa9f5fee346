/// The added tokens with their ids, and how they are found in text: as the Hugging Face `tokenizers`
/// library does it, down to the order in which it strips and discards.
struct AddedVocabulary: Sendable {
    /// A part of a text.
    enum Piece {
        case text(Range<Int>)
        /// A token, with the white space that it takes along.
        case token(Int32, Range<Int>)
    }

    private(set) var tokens: [Int32: AddedToken] = [:]
    /// Contents of the special tokens.
    private(set) var specialTokens: Set<[UInt8]> = []
    /// Ids by content.
    private var ids: [[UInt8]: Int32] = [:]
    /// Of the tokens that are sought in text as it came.
    private var verbatim = TokenSearch([])
    /// Of the tokens that are sought in normalized text.
    private var normalized = TokenSearch([])
    private var splitsSpecialTokens = false
    private let classes = CharacterClasses.shared

    /// Gives ids to tokens: their id in the vocabulary where they are in it, otherwise the next one free
    /// after it. Ids that a file states are not asked, as the library does not ask them. A token that
    /// comes again replaces its flags.
    mutating func add(_ newTokens: [AddedToken], to vocabulary: Vocabulary) {
        let lastAdded = tokens.keys.max() ?? -1
        var next = max(Int32(vocabulary.count), lastAdded + 1)
        for token in newTokens where !token.content.isEmpty {
            let id: Int32
            if let known = self.id(of: token.content) ?? vocabulary.id(of: token.content) {
                id = known
            } else {
                id = next
                next += 1
            }
            let content = Array(token.content.utf8)
            ids[content] = id
            tokens[id] = token
            if token.isSpecial { specialTokens.insert(content) }
        }
    }

    /// Makes the tokens findable; to be called after the last of them is added.
    ///
    /// - Parameter splitsSpecialTokens: Whether special tokens in text are text like any other.
    mutating func prepareSearch(_ normalizer: Normalizer?, splitsSpecialTokens: Bool) throws(TokenizerError) {
        self.splitsSpecialTokens = splitsSpecialTokens
        var keys: (verbatim: [TokenSearch.Key], normalized: [TokenSearch.Key]) = ([], [])
        // The last of equal keys counts in a trie, and the first id among tokens.
        for (id, token) in tokens.sorted(by: { $0.key > $1.key }) {
            let key = (Array(try spelling(of: token, normalizer).utf8), id)
            if token.isNormalized { keys.normalized.append(key) } else { keys.verbatim.append(key) }
        }
        verbatim = TokenSearch(keys.verbatim)
        normalized = TokenSearch(keys.normalized)
    }

    /// How a token stands in the text in which it is sought, and in decoded text.
    func spelling(of token: AddedToken, _ normalizer: Normalizer?) throws(TokenizerError) -> String {
        token.isNormalized ? try normalizer?.normalize(token.content) ?? token.content : token.content
    }

    func id(of content: String) -> Int32? { ids[Array(content.utf8)] }

    /// Calls `body` with the tokens found in text as it came, and with the texts between them.
    func forEachPiece<Failure: Error>(in text: UTF8Bytes, _ body: (Piece) throws(Failure) -> Void) throws(Failure) {
        try cut(text, with: verbatim, body)
    }

    /// The same for normalized text and the tokens that are sought there.
    func forEachPiece<Failure: Error>(inNormalized text: UTF8Bytes, _ body: (Piece) throws(Failure) -> Void) throws(Failure) {
        try cut(text, with: normalized, body)
    }

    private func cut<Failure: Error>(
        _ text: UTF8Bytes, with search: TokenSearch, _ body: (Piece) throws(Failure) -> Void
    ) throws(Failure) {
        /// The end of what was handed out.
        var done = 0
        var searched = 0
        while let match = search.firstMatch(in: text, from: searched) {
            var (start, end) = (match.range.lowerBound, match.range.upperBound)
            searched = end
            guard let token = tokens[match.id], isWanted(token, at: match.range, in: text) else { continue }
            if token.stripsLeft { start = max(startOfSpace(before: start, downTo: done, in: text), done) }
            // What the token before took on its right is known to be white space and need not be read again.
            if token.stripsRight { end = endOfSpace(from: max(end, done), in: text) }
            if done < start { try body(.text(done..<start)) }
            // A token before may have taken all of this one as its white space.
            if start < end { try body(.token(match.id, start..<end)) }
            done = end
        }
        if done < text.count { try body(.text(done..<text.count)) }
    }

    private func isWanted(_ token: AddedToken, at range: Range<Int>, in text: UTF8Bytes) -> Bool {
        if splitsSpecialTokens, specialTokens.contains(Array(token.content.utf8)) { return false }
        guard token.isSingleWord else { return true }
        let touchesLeft =
            range.lowerBound > 0
            && classes[text.scalar(at: text.startOfScalar(before: range.lowerBound)).value].contains(.word)
        let touchesRight =
            range.upperBound < text.count && classes[text.scalar(at: range.upperBound).value].contains(.word)
        return !touchesLeft && !touchesRight
    }

    private func startOfSpace(before end: Int, downTo limit: Int, in text: UTF8Bytes) -> Int {
        var start = end
        while start > limit {
            let previous = text.startOfScalar(before: start)
            guard classes[text.scalar(at: previous).value].contains(.whitespace) else { break }
            start = previous
        }
        return start
    }

    private func endOfSpace(from start: Int, in text: UTF8Bytes) -> Int {
        var end = start
        while end < text.count {
            let (scalar, length) = text.scalar(at: end)
            guard classes[scalar].contains(.whitespace) else { break }
            end += length
        }
        return end
    }
}

/// Finds which of many texts occurs first, and of those that start there the longest.
private struct TokenSearch: Sendable {
    typealias Key = (key: [UInt8], value: Int32)

    private let trie: ByteTrie
    /// Whether a text starts with each byte: most positions are passed over by this.
    private var startsToken = [Bool](repeating: false, count: 256)
    private let isEmpty: Bool

    /// - Parameter keys: Of equal ones the last counts. An empty one, as a normalizer may leave, is never found.
    init(_ keys: [Key]) {
        trie = ByteTrie(keys)
        for (key, _) in keys { if let first = key.first { startsToken[Int(first)] = true } }
        isEmpty = keys.isEmpty
    }

    func firstMatch(in text: UTF8Bytes, from start: Int) -> (range: Range<Int>, id: Int32)? {
        guard !isEmpty else { return nil }
        for position in start..<text.count where startsToken[Int(text[position])] {
            if let match = trie.longestPrefix(of: text, from: position) { return (position..<match.end, match.value) }
        }
        return nil
    }
}
