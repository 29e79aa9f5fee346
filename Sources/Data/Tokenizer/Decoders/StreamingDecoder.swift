/// Decodes ids as they come. Never gives half a character: what may still become something else is kept back until it
/// cannot any more. All that it gives, put together, is what ``Tokenizer/decode(_:skipSpecialTokens:)`` gives for all ids
/// at once.
public struct StreamingDecoder: Sendable {
    private let skipSpecialTokens: Bool
    private var run: DecoderRun
    private var repair = UTF8Repair()
    private var bytes: [UInt8] = []

    /// A decoder at the start of a text.
    ///
    /// - Parameter skipSpecialTokens: Leaves special tokens such as `<s>` out.
    public init(_ tokenizer: Tokenizer, skipSpecialTokens: Bool = false) {
        self.skipSpecialTokens = skipSpecialTokens
        run = DecoderRun(tokenizer.decoder)
    }

    /// Takes an id and returns the text that is now certain, often that of the id, sometimes none.
    public mutating func append(_ id: Int32) -> String {
        bytes.removeAll(keepingCapacity: true)
        run.append(id, skipsSpecial: skipSpecialTokens, to: &bytes)
        return text(ending: false)
    }

    /// Returns what was kept back, U+FFFD for the start of a character, and is ready for another text.
    public mutating func finish() -> String {
        bytes.removeAll(keepingCapacity: true)
        run.finish(to: &bytes)
        return text(ending: true)
    }

    private mutating func text(ending: Bool) -> String {
        var text: [UInt8] = []
        bytes.withUnsafeBufferPointer { repair.append($0, to: &text) }
        if ending { repair.finish(to: &text) }
        return String(decoding: text, as: UTF8.self)
    }
}
