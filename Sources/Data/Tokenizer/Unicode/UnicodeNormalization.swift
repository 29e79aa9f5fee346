import Foundation

/// The four normalization forms of Unicode (UAX #15), as the Hugging Face `tokenizers` library has them.
///
/// Foundation's forms of whole texts differ from the library's in scalars younger than the library's
/// tables, and in faults of their own (some marks are not reordered, some scalars above U+FFFF compose
/// with marks). Its decompositions of single scalars are right, so only those are taken from it.
struct UnicodeNormalization: NormalizerStage {
    static let nfc = UnicodeNormalization(.canonical, composes: true)
    static let nfd = UnicodeNormalization(.canonical, composes: false)
    static let nfkc = UnicodeNormalization(.compatibility, composes: true)
    static let nfkd = UnicodeNormalization(.compatibility, composes: false)

    private let decompositions: Decompositions
    private let composes: Bool
    private let classes: [ScalarClass]

    private init(_ decompositions: Decompositions, composes: Bool) {
        self.decompositions = decompositions
        self.composes = composes
        classes = Self.classes(decompositions, composes: composes)
    }

    /// The normalized text.
    func normalize(_ text: String) -> String {
        var (text, normalized) = (text, text)
        text.withUTF8Bytes { bytes in
            var result = RewrittenText(isTracked: false, limit: .max)
            if rewrite(bytes, into: &result) { normalized = String(decoding: result.bytes, as: UTF8.self) }
        }
        return normalized
    }

    /// Puts each run of combining marks in the order of their classes; marks of one class keep theirs.
    private static func orderMarks(_ scalars: inout [NormalizedScalar]) {
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
    private static func compose(_ scalars: inout [NormalizedScalar]) {
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

    fileprivate static func combiningClass(_ scalar: Unicode.Scalar) -> UInt8 {
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

/// A scalar of a text that is being normalized.
private struct NormalizedScalar {
    private(set) var scalar: Unicode.Scalar
    /// By how many scalars the text grew for it: 1 for one that was added, 0 for one in the place of one, -n for one that
    /// took the place of n more.
    private(set) var growth: Int

    /// - Parameter isAdded: Whether it is one of a decomposition, and not the first.
    init(_ scalar: Unicode.Scalar, isAdded: Bool) {
        self.scalar = scalar
        growth = isAdded ? 1 : 0
    }

    /// Becomes the composite of itself and a scalar after it.
    mutating func compose(with next: Self, to composite: Unicode.Scalar) {
        scalar = composite
        growth += next.growth - 1
    }
}

extension UnicodeNormalization {
    /// What a scalar does by itself and to the one before it.
    fileprivate struct ScalarClass: OptionSet {
        let rawValue: UInt8

        /// It does not stay as it is.
        static let changes = ScalarClass(rawValue: 1)
        /// It may change places or compose with what is before it.
        static let reachesBack = ScalarClass(rawValue: 2)
    }

    /// Those of the scalars up to the last one with a class.
    fileprivate static func classes(_ decompositions: Decompositions, composes: Bool) -> [ScalarClass] {
        var classes = [ScalarClass](repeating: [], count: Int(Decompositions.lastScalar) + 1)
        func isSecond(_ scalar: Unicode.Scalar) -> Bool { composes && Compositions.shared.isSecond(scalar) }
        for value in 0xA0...Decompositions.lastScalar {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let parts = decompositions[scalar]
            let first = parts?.first ?? scalar
            if combiningClass(first) != 0 || isSecond(first) { classes[Int(value)].insert(.reachesBack) }
            guard let parts else { continue }
            var alone = parts.enumerated().map { NormalizedScalar($0.element, isAdded: $0.offset > 0) }
            if composes { compose(&alone) }
            if alone.map(\.scalar) != [scalar] { classes[Int(value)].insert(.changes) }
        }
        return classes
    }

    @inline(__always)
    private func scalarClass(_ scalar: UInt32) -> ScalarClass { scalar < classes.count ? classes[Int(scalar)] : [] }

    var isNFC: Bool { composes && !decompositions.isCompatibility }

    /// As in the library the scalars are laid along the text from the left, by how many of it each took. So a
    /// composite comes from the first of its parts, and where marks change places, the places stay.
    func rewrite(_ text: UTF8Bytes, into result: inout RewrittenText) -> Bool {
        /// The end of what was written.
        var done = 0
        var isRewritten = false
        // Each part from a scalar that nothing before it has to do with up to the next.
        var start = 0
        while start < text.count {
            let (first, length) = text.scalar(at: start)
            var end = start + length
            if first < 0x80, end == text.count || text[end] < 0x80 {
                start = end
                continue
            }
            var isStable = scalarClass(first).isEmpty
            while end < text.count {
                let (scalar, length) = text.scalar(at: end)
                guard scalarClass(scalar).contains(.reachesBack) else { break }
                isStable = false
                end += length
            }
            if !isStable {
                if !isRewritten { result.reserveCapacity(text.count) }
                isRewritten = true
                result.keep(done..<start, of: text)
                var alignment = ScalarAlignment(text, from: start)
                for scalar in normalized(text.slice(start..<end)) {
                    result.append(scalar.scalar.value, from: alignment.source(growth: scalar.growth))
                }
                done = end
            }
            start = end
        }
        guard isRewritten else { return false }
        result.keep(done..<text.count, of: text)
        return true
    }

    private func normalized(_ text: UTF8Bytes) -> [NormalizedScalar] {
        var scalars: [NormalizedScalar] = []
        var index = 0
        while index < text.count {
            let (value, length) = text.scalar(at: index)
            index += length
            guard let scalar = Unicode.Scalar(value) else { continue }
            if let parts = decompositions[scalar] {
                for (index, part) in parts.enumerated() { scalars.append(NormalizedScalar(part, isAdded: index > 0)) }
            } else {
                scalars.append(NormalizedScalar(scalar, isAdded: false))
            }
        }
        Self.orderMarks(&scalars)
        if composes { Self.compose(&scalars) }
        return scalars
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
    static let canonical = Decompositions(isCompatibility: false) { $0.decomposedStringWithCanonicalMapping }
    static let compatibility = Decompositions(isCompatibility: true) { $0.decomposedStringWithCompatibilityMapping }

    /// The last scalar with a decomposition is U+2FA1D.
    static let lastScalar: UInt32 = 0x2FA1D

    let isCompatibility: Bool
    private(set) var table: [Unicode.Scalar: [Unicode.Scalar]] = [:]

    private init(isCompatibility: Bool, _ decompose: (String) -> String) {
        self.isCompatibility = isCompatibility
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
