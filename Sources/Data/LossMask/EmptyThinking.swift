import Tensor

/// What happens to an empty `<think></think>` block at the beginning of an answer, as templates of thinking models write
/// it for an answer that has no thoughts.
public enum EmptyThinking: Sendable, Equatable {
    /// It counts like the rest of the answer, so that the model learns to answer without thinking.
    case keep
    /// It stands in the text, but does not count: the model learns neither to think nor not to.
    case mask
    /// It is removed from the text in this share of the samples, from 0 to 1; in the others it is kept.
    case drop(share: Double)

    /// Whether a sample's empty blocks are removed. The same sample always gets the same answer.
    func drops(sample index: Int, seed: UInt64) -> Bool {
        guard case .drop(let share) = self else { return false }
        if share >= 1 { return true }
        var generator = RandomGenerator(seed: seed &+ UInt64(truncatingIfNeeded: index) &* 0x9E37_79B9_7F4A_7C15)
        return Double(generator.next() >> 11) * 0x1p-53 < share
    }

    /// The empty block that an answer begins with, and the line feeds after it; `nil` where there is none. The block may
    /// have been opened by the generation prompt, before the answer's first byte.
    ///
    /// - Parameters:
    ///   - start: Where the answer begins.
    ///   - text: The UTF-8 of the conversation.
    static func block(at start: Int, in text: [UInt8]) -> Range<Int>? {
        func skipSpaces(_ index: Int) -> Int {
            var index = index
            while index < text.count, isSpace(text[index]) { index += 1 }
            return index
        }
        func stands(_ part: [UInt8], at index: Int) -> Bool { index >= 0 && text[index...].starts(with: part) }
        var before = start
        while before > 0, isSpace(text[before - 1]) { before -= 1 }
        var (first, rest) = (start, start)
        if stands(opening, at: before - opening.count) {
            first = before - opening.count
        } else {
            rest = skipSpaces(start)
            guard stands(opening, at: rest) else { return nil }
            first = rest
            rest += opening.count
        }
        rest = skipSpaces(rest)
        guard stands(closing, at: rest) else { return nil }
        rest += closing.count
        // Two line feeds follow it; more white space is the answer's.
        for _ in 0..<2 where rest < text.count && text[rest] == UInt8(ascii: "\n") { rest += 1 }
        return first..<rest
    }

    private static let opening = Array("<think>".utf8)
    private static let closing = Array("</think>".utf8)

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
}
