/// `ByteFallback`: makes text of tokens that spell bytes, such as `<0x0A>`.
///
/// The tokens of a run come when it has ended, for one byte that is not UTF-8 makes U+FFFD of all.
struct ByteFallbackStep: TokenStep {
    static let replacementCharacter: [UInt8] = [0xEF, 0xBF, 0xBD]

    private var run: [UInt8] = []

    mutating func append(_ token: UnsafeBufferPointer<UInt8>, to tokens: inout TokenList) {
        if let byte = Self.byte(of: token) { return run.append(byte) }
        finish(to: &tokens)
        tokens.append(token)
    }

    mutating func finish(to tokens: inout TokenList) {
        guard !run.isEmpty else { return }
        if String(validating: run, as: UTF8.self) != nil {
            tokens.append(run)
        } else {
            for _ in run { tokens.append(Self.replacementCharacter) }
        }
        run.removeAll(keepingCapacity: true)
    }

    /// The byte that a token spells, with a plus in place of the first digit too, as Rust reads numbers.
    static func byte(of token: UnsafeBufferPointer<UInt8>) -> UInt8? {
        guard token.count == 6, token.starts(with: "<0x".utf8), token[5] == UInt8(ascii: ">") else { return nil }
        guard let low = digit(token[4]) else { return nil }
        return token[3] == UInt8(ascii: "+") ? low : digit(token[3]).map { $0 << 4 | low }
    }

    private static func digit(_ character: UInt8) -> UInt8? {
        switch character {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
        case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
        case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}

/// The same for one token that comes in parts.
struct SingleByteFallback: TextStep {
    /// Whether a byte that is no text by itself becomes U+FFFD.
    let givesText: Bool
    /// The start of the token, while it may spell a byte.
    private var start: [UInt8] = []
    private var isOther = false

    private static let length = 6

    init(givesText: Bool) { self.givesText = givesText }

    mutating func append(_ part: UnsafeBufferPointer<UInt8>, to output: inout [UInt8]) {
        if isOther {
            output += part
        } else if start.count + part.count <= Self.length {
            start += part
        } else {
            output += start
            output += part
            start.removeAll(keepingCapacity: true)
            isOther = true
        }
    }

    mutating func finish(to output: inout [UInt8]) {
        let byte = start.withUnsafeBufferPointer(ByteFallbackStep.byte(of:))
        switch byte {
        case let byte? where byte < 0x80 || !givesText: output.append(byte)
        case _?: output += ByteFallbackStep.replacementCharacter
        case nil: output += start
        }
        start.removeAll(keepingCapacity: true)
        isOther = false
    }
}
