/// A step of a decoder that rewrites one text, which comes in parts.
///
/// It gives what is certain and keeps the rest back. Where a step rewrites each token by itself, a token is such a text.
protocol TextStep: Sendable {
    /// Takes the next part of the text, which ends with a whole character if it is text at all, and appends what is certain.
    mutating func append(_ part: UnsafeBufferPointer<UInt8>, to output: inout [UInt8])

    /// Ends the text: appends what was kept back, and is ready for another text.
    mutating func finish(to output: inout [UInt8])
}

/// A step of a decoder that makes tokens of tokens, and knows more than one of them.
protocol TokenStep: Sendable {
    /// Takes the next token and appends those that are certain.
    mutating func append(_ token: UnsafeBufferPointer<UInt8>, to tokens: inout TokenList)

    /// Ends the row of tokens: appends those that were kept back, and is ready for another row.
    mutating func finish(to tokens: inout TokenList)
}

/// Tokens one after another in the same bytes.
struct TokenList: Sendable {
    /// To be appended to, up to the next call of ``endToken()``.
    var bytes: [UInt8] = []
    private var ends: [Int] = []

    /// Makes a token of the bytes that came after the last one.
    mutating func endToken() { ends.append(bytes.count) }

    mutating func append(_ token: some Collection<UInt8>) {
        bytes += token
        endToken()
    }

    mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
    }

    func forEachToken(_ body: (UnsafeBufferPointer<UInt8>) -> Void) {
        bytes.withUnsafeBufferPointer { bytes in
            var start = 0
            for end in ends {
                body(UnsafeBufferPointer(rebasing: bytes[start..<end]))
                start = end
            }
        }
    }
}

/// Rewrites each token by itself.
struct TokenwiseStep: TokenStep {
    var step: any TextStep

    mutating func append(_ token: UnsafeBufferPointer<UInt8>, to tokens: inout TokenList) {
        step.append(token, to: &tokens.bytes)
        step.finish(to: &tokens.bytes)
        tokens.endToken()
    }

    func finish(to tokens: inout TokenList) {}
}

/// Text steps one after another, as one.
struct TextSteps: TextStep {
    private var steps: [any TextStep]
    private var input: [UInt8] = []
    private var output: [UInt8] = []

    init(_ steps: [any TextStep]) { self.steps = steps }

    var isEmpty: Bool { steps.isEmpty }

    mutating func append(_ step: any TextStep) { steps.append(step) }

    /// Takes the last step away if it only repairs UTF-8.
    mutating func removeLastRepair() {
        if steps.last is UTF8Repair { steps.removeLast() }
    }

    mutating func append(_ part: UnsafeBufferPointer<UInt8>, to result: inout [UInt8]) {
        guard let last = steps.indices.last else {
            result += part
            return
        }
        guard last > 0 else { return steps[0].append(part, to: &result) }
        input.removeAll(keepingCapacity: true)
        steps[0].append(part, to: &input)
        for index in 1..<last { pass(to: index, ending: false) }
        input.withUnsafeBufferPointer { steps[last].append($0, to: &result) }
    }

    mutating func finish(to result: inout [UInt8]) {
        input.removeAll(keepingCapacity: true)
        for index in steps.indices { pass(to: index, ending: true) }
        result += input
    }

    /// Lets a step make of the input what becomes the input of the next.
    private mutating func pass(to index: Int, ending: Bool) {
        output.removeAll(keepingCapacity: true)
        if !input.isEmpty { input.withUnsafeBufferPointer { steps[index].append($0, to: &output) } }
        if ending { steps[index].finish(to: &output) }
        swap(&input, &output)
    }
}
