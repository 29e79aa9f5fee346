/// `BPEDecoder`: writes the suffix that ends a word as a space, but takes it away from the last token.
struct WordSuffixStep: TokenStep {
    /// What becomes of the last token, and of a text as a whole.
    let last: any TextStep
    let others: any TextStep
    private var current: any TextStep
    /// The last token so far.
    private var pending: [UInt8]?

    init(_ field: JSONField) throws(TokenizerError) {
        let suffix = Array(try field["suffix"].string().utf8)
        func replacement(by content: [UInt8]) -> any TextStep {
            suffix.isEmpty ? Insertion(content, fillsEmpty: true) : LiteralReplacement(suffix, with: content)
        }
        last = replacement(by: [])
        others = replacement(by: [UInt8(ascii: " ")])
        current = others
    }

    mutating func append(_ token: UnsafeBufferPointer<UInt8>, to tokens: inout TokenList) {
        givePending(to: &tokens)
        pending = Array(token)
    }

    mutating func finish(to tokens: inout TokenList) {
        current = last
        givePending(to: &tokens)
        current = others
        pending = nil
    }

    private mutating func givePending(to tokens: inout TokenList) {
        guard let pending else { return }
        pending.withUnsafeBufferPointer { current.append($0, to: &tokens.bytes) }
        current.finish(to: &tokens.bytes)
        tokens.endToken()
    }
}
