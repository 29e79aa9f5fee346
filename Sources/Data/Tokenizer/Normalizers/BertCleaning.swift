/// Takes control characters out and writes any other white space as a space.
struct BertCleaning: ScalarStage {
    private let classes = NormalizerClasses.shared

    @inline(__always)
    func keeps(_ scalar: UInt32) -> Bool {
        if scalar < 0x80 { return scalar >= 0x20 && scalar < 0x7F }
        return !classes[scalar].contains(.control) && !isWhitespace(scalar)
    }

    @inline(__always)
    func rewrite(_ scalar: UInt32, _ range: Range<Int>, of text: UTF8Bytes, into result: inout RewrittenText) {
        if isWhitespace(scalar) { result.append(0x20, from: range.lowerBound) }
    }

    /// Of what is not removed.
    @inline(__always)
    private func isWhitespace(_ scalar: UInt32) -> Bool {
        switch scalar {
        case 0x09, 0x0A, 0x0D, 0x20, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000: true
        default: false
        }
    }
}

/// Puts spaces around Chinese characters, so that each is a word.
struct SpacedIdeographs: ScalarStage {
    @inline(__always)
    func keeps(_ scalar: UInt32) -> Bool {
        guard scalar >= 0x3400 else { return true }
        switch scalar {
        case 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xF900...0xFAFF, 0x20000...0x2A6DF, 0x2A700...0x2B81F, 0x2B920...0x2CEAF, 0x2F800...0x2FA1F:
            return false
        default: return true
        }
    }

    @inline(__always)
    func rewrite(_ scalar: UInt32, _ range: Range<Int>, of text: UTF8Bytes, into result: inout RewrittenText) {
        result.append(0x20, from: range.lowerBound)
        result.keep(range, of: text)
        result.append(0x20, from: range.upperBound - 1)
    }
}

/// Takes the marks out that have no width, as accents are.
struct StrippedAccents: ScalarStage {
    private let classes = NormalizerClasses.shared

    @inline(__always)
    func keeps(_ scalar: UInt32) -> Bool { scalar < 0x300 || !classes[scalar].contains(.accent) }

    @inline(__always)
    func rewrite(_ scalar: UInt32, _ range: Range<Int>, of text: UTF8Bytes, into result: inout RewrittenText) {}
}
