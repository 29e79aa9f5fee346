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
    private let classes: [NormalizationClass]

    private init(_ decompositions: Decompositions, composes: Bool) {
        self.decompositions = decompositions
        self.composes = composes
        classes = NormalizationClass.table(decompositions, composes: composes)
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

    @inline(__always)
    private func scalarClass(_ scalar: UInt32) -> NormalizationClass { scalar < classes.count ? classes[Int(scalar)] : [] }

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
        NormalizedScalar.orderMarks(&scalars)
        if composes { NormalizedScalar.compose(&scalars) }
        return scalars
    }
}
