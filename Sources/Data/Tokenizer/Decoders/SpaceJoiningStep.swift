/// What the library does without a decoder: puts a space between two tokens.
struct SpaceJoiningStep: TokenStep {
    private var isFirst = true

    mutating func append(_ token: UnsafeBufferPointer<UInt8>, to tokens: inout TokenList) {
        if !isFirst { tokens.bytes.append(UInt8(ascii: " ")) }
        tokens.append(token)
        isFirst = false
    }

    mutating func finish(to tokens: inout TokenList) { isFirst = true }
}
