/// Finds the matches of something in texts.
protocol TextMatcher: Sendable, Equatable {
    /// Calls `body` with the matches in a text, in order. None overlaps the one before; an empty one may touch it.
    func forEachMatch(in text: UTF8Bytes, _ body: (Range<Int>) throws(TokenizerError) -> Void) throws(TokenizerError)
}

extension TextMatcher {
    /// Whether another matcher is the same.
    func isEqual(to other: any TextMatcher) -> Bool { other as? Self == self }
}

/// Scalars, each a match of its own.
enum ScalarMatcher: TextMatcher {
    /// Those of a class.
    case ofClass(CharacterClass)
    /// One scalar.
    case scalar(UInt32)

    func forEachMatch(in text: UTF8Bytes, _ body: (Range<Int>) throws(TokenizerError) -> Void) throws(TokenizerError) {
        let classes = CharacterClasses.shared
        var index = 0
        while index < text.count {
            let (scalar, length) = text.scalar(at: index)
            let isMatch =
                switch self {
                case .ofClass(let wanted): classes[scalar].contains(wanted)
                case .scalar(let wanted): scalar == wanted
                }
            if isMatch { try body(index..<index + length) }
            index += length
        }
    }
}

/// Occurrences of a text. Those of the empty text lie between all scalars, and at both ends.
struct LiteralMatcher: TextMatcher {
    let literal: [UInt8]

    func forEachMatch(in text: UTF8Bytes, _ body: (Range<Int>) throws(TokenizerError) -> Void) throws(TokenizerError) {
        var index = 0
        guard let first = literal.first else {
            while index < text.count {
                try body(index..<index)
                index += text.scalar(at: index).length
            }
            return try body(index..<index)
        }
        // Both are UTF-8, so that a match never starts within a scalar.
        try literal.withUnsafeBufferPointer { literal throws(TokenizerError) in
            while index + literal.count <= text.count {
                if text[index] == first, text.contains(literal, at: index) {
                    try body(index..<index + literal.count)
                    index += literal.count
                } else {
                    index += 1
                }
            }
        }
    }
}
