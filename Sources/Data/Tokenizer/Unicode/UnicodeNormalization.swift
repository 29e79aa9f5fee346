import Foundation

/// The four normalization forms of Unicode (UAX #15), as the Hugging Face `tokenizers` library has them.
///
/// Foundation's forms of whole texts differ from the library's in scalars younger than the library's
/// tables, and in faults of their own (some marks are not reordered, some scalars above U+FFFF compose
/// with marks). Its decompositions of single scalars are right, so only those are taken from it.
struct UnicodeNormalization: Sendable {
    static let nfc = UnicodeNormalization(.canonical, composes: true)
    static let nfd = UnicodeNormalization(.canonical, composes: false)
    static let nfkc = UnicodeNormalization(.compatibility, composes: true)
    static let nfkd = UnicodeNormalization(.compatibility, composes: false)

    private let decompositions: Decompositions
    private let composes: Bool

    private init(_ decompositions: Decompositions, composes: Bool) {
        self.decompositions = decompositions
        self.composes = composes
    }

    /// The normalized text.
    func normalize(_ text: String) -> String {
        if text.utf8.allSatisfy({ $0 < 0x80 }) { return text }
        let scalars: [Unicode.Scalar] = normalize(scalars: text)
        return String(String.UnicodeScalarView(scalars))
    }

    /// The scalars of the normalized text, with what else is to be known of them.
    func normalize<Scalar: NormalizedScalar>(scalars text: String) -> [Scalar] {
        var scalars: [Scalar] = []
        scalars.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            if let parts = decompositions[scalar] {
                for (index, part) in parts.enumerated() { scalars.append(Scalar(part, isAdded: index > 0)) }
            } else {
                scalars.append(Scalar(scalar, isAdded: false))
            }
        }
        Self.orderMarks(&scalars)
        if composes { Self.compose(&scalars) }
        return scalars
    }

    /// Puts each run of combining marks in the order of their classes; marks of one class keep theirs.
    private static func orderMarks<Scalar: NormalizedScalar>(_ scalars: inout [Scalar]) {
        var start = 0
        while start < scalars.count {
            guard combiningClass(scalars[start].scalar) != 0 else {
                start += 1
                continue
            }
            let end = scalars[start...].firstIndex { combiningClass($0.scalar) == 0 } ?? scalars.count
            if end - start > 1 {
                let marks = scalars[start..<end].enumerated().map {
                    (order: (combiningClass($0.element.scalar), $0.offset), scalar: $0.element)
                }
                scalars.replaceSubrange(start..<end, with: marks.sorted { $0.order < $1.order }.map(\.scalar))
            }
            start = end
        }
    }

    /// Joins each starter with the marks and starters after it that are not blocked from it.
    private static func compose<Scalar: NormalizedScalar>(_ scalars: inout [Scalar]) {
        let compositions = Compositions.shared
        var starter: Int?
        var end = 0
        /// The class of the last scalar that was kept since the starter; a scalar of the same class or
        /// a lower one is blocked by it.
        var lastClass: UInt8 = 0
        for scalar in scalars {
            let currentClass = combiningClass(scalar.scalar)
            let isNext = starter == end - 1
            if let starter, isNext || lastClass < currentClass,
                let composite = compositions[scalars[starter].scalar, scalar.scalar]
            {
                scalars[starter].compose(with: scalar, to: composite)
                continue
            }
            if currentClass == 0 { starter = end }
            lastClass = currentClass
            scalars[end] = scalar
            end += 1
        }
        scalars.removeSubrange(end...)
    }

    private static func combiningClass(_ scalar: Unicode.Scalar) -> UInt8 {
        // No mark comes before U+0300.
        guard scalar.value >= 0x300, isKnown(scalar) else { return 0 }
        return scalar.properties.canonicalCombiningClass.rawValue
    }

    /// Whether the library's tables, of Unicode 9, have a scalar. It takes others for starters that never
    /// change; what the scalars that it has become is the same in every later Unicode.
    fileprivate static func isKnown(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.age.map { $0 <= (9, 0) } ?? false
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

/// The full decompositions of the scalars that have one, collected once from the platform.
private struct Decompositions: Sendable {
    static let canonical = Decompositions { $0.decomposedStringWithCanonicalMapping }
    static let compatibility = Decompositions { $0.decomposedStringWithCompatibilityMapping }

    /// The last scalar with a decomposition is U+2FA1D.
    private static let lastScalar: UInt32 = 0x2FA1D

    private(set) var table: [Unicode.Scalar: [Unicode.Scalar]] = [:]

    private init(_ decompose: (String) -> String) {
        for scalar in (0xA0...Self.lastScalar).lazy.compactMap(Unicode.Scalar.init)
        where UnicodeNormalization.isKnown(scalar) {
            let parts = Array(decompose(String(scalar)).unicodeScalars)
            if parts != [scalar] { table[scalar] = parts }
        }
    }

    subscript(scalar: Unicode.Scalar) -> [Unicode.Scalar]? { scalar.value < 0xA0 ? nil : table[scalar] }
}

/// The pairs that compose to one scalar.
private struct Compositions: Sendable {
    static let shared = Compositions()

    private var table: [UInt64: Unicode.Scalar] = [:]

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
