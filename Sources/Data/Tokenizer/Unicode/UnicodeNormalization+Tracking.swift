/// A scalar of a text that is being normalized.
protocol NormalizedScalar {
    var scalar: Unicode.Scalar { get }

    /// - Parameter isAdded: Whether it is one of a decomposition, and not the first.
    init(_ scalar: Unicode.Scalar, isAdded: Bool)

    /// Becomes the composite of itself and a scalar after it.
    mutating func compose(with next: Self, to composite: Unicode.Scalar)
}

extension Unicode.Scalar: NormalizedScalar {
    @inline(__always)
    var scalar: Unicode.Scalar { self }

    @inline(__always)
    init(_ scalar: Unicode.Scalar, isAdded: Bool) { self = scalar }

    @inline(__always)
    mutating func compose(with next: Self, to composite: Unicode.Scalar) { self = composite }
}

/// A scalar, and by how many scalars the text grew for it.
private struct CountedScalar: NormalizedScalar {
    var scalar: Unicode.Scalar
    /// 1 for a scalar that was added, 0 for one in the place of one, -n for one that took the place of n more.
    var growth: Int

    init(_ scalar: Unicode.Scalar, isAdded: Bool) {
        self.scalar = scalar
        growth = isAdded ? 1 : 0
    }

    mutating func compose(with next: Self, to composite: Unicode.Scalar) {
        scalar = composite
        growth += next.growth - 1
    }
}

extension UnicodeNormalization {
    /// The normalized text, and for each of its bytes the byte of the text that it comes from; `nil` where the
    /// text is normalized already.
    ///
    /// As in the library the scalars are laid along the text from the left, by how many of it each took. So a
    /// composite comes from the first of its parts, and where marks change places, the places stay.
    func normalizeTracking(_ text: String) -> (text: String, sources: [Int32]?) {
        if text.utf8.allSatisfy({ $0 < 0x80 }) { return (text, nil) }
        let scalars: [CountedScalar] = normalize(scalars: text)
        let normalized = String(String.UnicodeScalarView(scalars.lazy.map(\.scalar)))
        if normalized.utf8.elementsEqual(text.utf8) { return (text, nil) }

        var sources: [Int32] = []
        sources.reserveCapacity(normalized.utf8.count)
        let widths = text.unicodeScalars.map { Int32(UTF8.width($0)) }
        var taken = 0
        var next: Int32 = 0
        for scalar in scalars {
            let source = scalar.growth > 0 ? max(next - 1, 0) : next
            for _ in 0..<UTF8.width(scalar.scalar) { sources.append(source) }
            guard scalar.growth <= 0 else { continue }
            for _ in 0...(-scalar.growth) where taken < widths.count {
                next += widths[taken]
                taken += 1
            }
        }
        return (normalized, sources)
    }
}
