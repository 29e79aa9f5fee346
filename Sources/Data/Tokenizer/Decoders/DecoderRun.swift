/// A row of ids on its way through the steps of a decoder.
struct DecoderRun: Sendable {
    private let decoder: TokenDecoder
    private let table: DecodedTokens.Table?
    private var spellingSteps: TextSteps
    private var tokenSteps: [any TokenStep]
    private var textSteps: TextSteps
    private var input = TokenList()
    private var output = TokenList()

    init(_ decoder: TokenDecoder) {
        self.decoder = decoder
        table = decoder.table
        spellingSteps = decoder.chain.spellingSteps
        tokenSteps = decoder.chain.tokenSteps
        textSteps = decoder.chain.textSteps
    }

    /// Takes an id, and appends the text that is now certain. One without a token adds nothing.
    mutating func append(_ id: Int32, skipsSpecial: Bool, to text: inout [UInt8]) {
        if let table {
            guard let token = table[id], !(skipsSpecial && token.isSpecial) else { return }
            return table.bytes.withUnsafeBufferPointer { append(UnsafeBufferPointer(rebasing: $0[token.range]), to: &text) }
        }
        guard var spelling = decoder.spelling(id), !(skipsSpecial && decoder.isSpecial(spelling)) else { return }
        var token: [UInt8] = []
        spelling.withUTF8Bytes { spellingSteps.append($0, to: &token) }
        spellingSteps.finish(to: &token)
        token.withUnsafeBufferPointer { append($0, to: &text) }
    }

    private mutating func append(_ token: UnsafeBufferPointer<UInt8>, to text: inout [UInt8]) {
        guard !tokenSteps.isEmpty else { return textSteps.append(token, to: &text) }
        input.removeAll()
        tokenSteps[0].append(token, to: &input)
        for index in tokenSteps.indices.dropFirst() { pass(to: index, ending: false) }
        input.bytes.withUnsafeBufferPointer { textSteps.append($0, to: &text) }
    }

    /// Appends what was kept back, and is ready for another text.
    mutating func finish(to text: inout [UInt8]) {
        input.removeAll()
        for index in tokenSteps.indices { pass(to: index, ending: true) }
        input.bytes.withUnsafeBufferPointer { textSteps.append($0, to: &text) }
        textSteps.finish(to: &text)
    }

    /// Lets a step make of the tokens those that the next one takes.
    private mutating func pass(to index: Int, ending: Bool) {
        output.removeAll()
        input.forEachToken { tokenSteps[index].append($0, to: &output) }
        if ending { tokenSteps[index].finish(to: &output) }
        swap(&input, &output)
    }
}
