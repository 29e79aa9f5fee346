/// `CTC`: of equal tokens in a row keeps one, takes the pad token away and writes the delimiter of words as a space, as
/// models of speech need it (connectionist temporal classification).
struct CTCStep: TokenStep {
    /// What becomes of each token, and of a text as a whole.
    let rewriting: TextSteps
    private var rewriter: TextSteps
    private var previous: [UInt8]?

    init(_ field: JSONField) throws(TokenizerError) {
        let pad = Array(try field["pad_token"].string().utf8)
        let delimiter = Array(try field["word_delimiter_token"].string().utf8)
        guard let cleansUp = field["cleanup"].value?.bool else { throw field["cleanup"].malformed("is neither true nor false") }
        var steps = TextSteps(pad.isEmpty ? [] : [LiteralReplacement(pad, with: [])])
        // As in the library, the delimiter stays where nothing is cleaned up.
        if cleansUp {
            steps.append(SpaceCleanup.library)
            let space = [UInt8(ascii: " ")]
            steps.append(delimiter.isEmpty ? Insertion(space, fillsEmpty: true) : LiteralReplacement(delimiter, with: space))
        }
        rewriting = steps
        rewriter = steps
    }

    mutating func append(_ token: UnsafeBufferPointer<UInt8>, to tokens: inout TokenList) {
        if let previous, previous.elementsEqual(token) { return }
        previous = Array(token)
        let start = tokens.bytes.count
        rewriter.append(token, to: &tokens.bytes)
        rewriter.finish(to: &tokens.bytes)
        if tokens.bytes.count > start { tokens.endToken() }
    }

    mutating func finish(to tokens: inout TokenList) { previous = nil }
}
