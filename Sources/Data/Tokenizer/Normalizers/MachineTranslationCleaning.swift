/// `Nmt`: what SentencePiece does for machine translation. Takes some control characters out, and writes others, and what
/// takes no room, as a space.
struct MachineTranslationCleaning: ScalarStage {
    @inline(__always)
    func keeps(_ scalar: UInt32) -> Bool {
        if scalar < 0x80 { return scalar >= 0x20 && scalar < 0x7F || scalar == 0 }
        return !isRemoved(scalar) && !isSpace(scalar)
    }

    @inline(__always)
    func rewrite(_ scalar: UInt32, _ range: Range<Int>, of text: UTF8Bytes, into result: inout RewrittenText) {
        if isSpace(scalar) { result.append(0x20, from: range.lowerBound) }
    }

    private func isRemoved(_ scalar: UInt32) -> Bool {
        switch scalar {
        case 0x01...0x08, 0x0B, 0x0E...0x1F, 0x7F, 0x8F, 0x9F: true
        default: false
        }
    }

    private func isSpace(_ scalar: UInt32) -> Bool {
        switch scalar {
        case 0x09, 0x0A, 0x0C, 0x0D, 0x1680, 0x200B...0x200F, 0x2028, 0x2029, 0x2581, 0xFEFF, 0xFFFD: true
        default: false
        }
    }
}
