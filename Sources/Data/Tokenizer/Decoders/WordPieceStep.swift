/// `WordPiece`: puts a space before each token that starts a word, and takes the prefix off those that go on with one.
struct WordPieceStep: TokenStep {
    /// What becomes of each token after that, and of a text as a whole.
    let cleanup: TextSteps
    private let prefix: [UInt8]
    private var cleaner: TextSteps
    private var isFirst = true

    init(_ field: JSONField) throws(TokenizerError) {
        prefix = Array(try field["prefix"].string().utf8)
        guard let cleansUp = field["cleanup"].value?.bool else { throw field["cleanup"].malformed("is neither true nor false") }
        cleanup = cleansUp ? SpaceCleanup.library : TextSteps([])
        cleaner = cleanup
    }

    /// Takes the prefix off a token.
    var withoutPrefix: any TextStep { PrefixRemoval(prefix) }

    mutating func append(_ token: UnsafeBufferPointer<UInt8>, to tokens: inout TokenList) {
        var token = token
        if isFirst {
            isFirst = false
        } else if token.starts(with: prefix) {
            token = UnsafeBufferPointer(rebasing: token[prefix.count...])
        } else {
            let space = [UInt8(ascii: " ")]
            space.withUnsafeBufferPointer { cleaner.append($0, to: &tokens.bytes) }
        }
        cleaner.append(token, to: &tokens.bytes)
        cleaner.finish(to: &tokens.bytes)
        tokens.endToken()
    }

    mutating func finish(to tokens: inout TokenList) { isFirst = true }
}

/// Takes a prefix away from the start of a text.
private struct PrefixRemoval: TextStep {
    private let prefix: [UInt8]
    /// The start of the text, while it may be the prefix.
    private var start: [UInt8] = []
    private var isDecided = false

    init(_ prefix: [UInt8]) { self.prefix = prefix }

    mutating func append(_ part: UnsafeBufferPointer<UInt8>, to output: inout [UInt8]) {
        guard !isDecided else {
            output += part
            return
        }
        start += part
        guard start.count >= prefix.count || !prefix.starts(with: start) else { return }
        decide(&output)
    }

    mutating func finish(to output: inout [UInt8]) {
        if !isDecided { decide(&output) }
        isDecided = false
    }

    private mutating func decide(_ output: inout [UInt8]) {
        output += start.starts(with: prefix) ? start[prefix.count...] : start[...]
        start.removeAll(keepingCapacity: true)
        isDecided = true
    }
}
