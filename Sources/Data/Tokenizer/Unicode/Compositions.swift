/// The pairs that compose to one scalar.
struct Compositions: Sendable {
    static let shared = Compositions()

    private var table: [UInt64: Unicode.Scalar] = [:]
    private var seconds: Set<UInt32> = []

    /// A composite decomposes into a scalar, or a shorter composite, and one more scalar; so the pairs of
    /// composites with two parts come first, and those with more stand on them.
    private init() {
        let composites = Decompositions.canonical.table
            .filter { $0.value.count > 1 && !$0.key.properties.isFullCompositionExclusion }
            .filter { !Hangul.syllables.contains($0.key.value) }
        for (composite, parts) in composites.sorted(by: { $0.value.count < $1.value.count }) {
            var prefix: Unicode.Scalar? = parts[0]
            for part in parts[1..<(parts.count - 1)] { prefix = prefix.flatMap { table[Self.key($0, part)] } }
            if let prefix { table[Self.key(prefix, parts[parts.count - 1])] = composite }
        }
        seconds = Set(table.keys.map { UInt32(truncatingIfNeeded: $0) })
    }

    /// Whether a scalar composes with any before it.
    func isSecond(_ scalar: Unicode.Scalar) -> Bool {
        Hangul.vowels.contains(scalar.value) || Hangul.trails.contains(scalar.value) || seconds.contains(scalar.value)
    }

    subscript(first: Unicode.Scalar, second: Unicode.Scalar) -> Unicode.Scalar? {
        // Nothing before U+0300 is the second of a pair.
        guard second.value >= 0x300 else { return nil }
        return Hangul.compose(first.value, second.value).flatMap(Unicode.Scalar.init) ?? table[Self.key(first, second)]
    }

    private static func key(_ first: Unicode.Scalar, _ second: Unicode.Scalar) -> UInt64 {
        UInt64(first.value) << 32 | UInt64(second.value)
    }
}

/// Conjoining jamo, which compose to syllables by arithmetic (The Unicode Standard, section 3.12).
private enum Hangul {
    static let firstSyllable: UInt32 = 0xAC00
    static let syllables: Range<UInt32> = 0xAC00..<0xD7A4
    static let leads: Range<UInt32> = 0x1100..<0x1113
    static let vowels: Range<UInt32> = 0x1161..<0x1176
    /// The one before the first trailing consonant counts as none.
    static let trails: Range<UInt32> = 0x11A7..<0x11C3

    static func compose(_ first: UInt32, _ second: UInt32) -> UInt32? {
        let vowelCount = UInt32(vowels.count)
        let trailCount = UInt32(trails.count)
        if leads.contains(first), vowels.contains(second) {
            let pair = (first - leads.lowerBound) * vowelCount + second - vowels.lowerBound
            return firstSyllable + pair * trailCount
        }
        if syllables.contains(first), (first - firstSyllable) % trailCount == 0,
            trails.contains(second), second > trails.lowerBound
        {
            return first + second - trails.lowerBound
        }
        return nil
    }
}
