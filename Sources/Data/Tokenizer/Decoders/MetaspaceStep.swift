/// `Metaspace`: writes the mark of a space as a space, but takes it away from the first token where encoding put it there.
struct MetaspaceStep: TokenStep {
    /// What becomes of the first token, and of a text as a whole.
    let first: LiteralReplacement
    let others: LiteralReplacement
    private var current: LiteralReplacement

    init(_ field: JSONField) throws(TokenizerError) {
        let mark = Array(try field.metaspaceMark().utf8)
        others = LiteralReplacement(mark, with: [UInt8(ascii: " ")])
        first = try MetaspacePrefix(field) == .never ? others : LiteralReplacement(mark, with: [])
        current = first
    }

    mutating func append(_ token: UnsafeBufferPointer<UInt8>, to tokens: inout TokenList) {
        current.append(token, to: &tokens.bytes)
        current.finish(to: &tokens.bytes)
        tokens.endToken()
        current = others
    }

    mutating func finish(to tokens: inout TokenList) { current = first }
}
