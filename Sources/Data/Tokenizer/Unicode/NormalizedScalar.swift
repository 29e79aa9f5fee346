/// A scalar of a text that is being normalized.
struct NormalizedScalar {
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

    /// Puts each run of combining marks in the order of their classes; marks of one class keep theirs.
    static func orderMarks(_ scalars: inout [NormalizedScalar]) {
        var start = 0
        while start < scalars.count {
            guard scalars[start].scalar.combiningClass != 0 else {
                start += 1
                continue
            }
            let end = scalars[start...].firstIndex { $0.scalar.combiningClass == 0 } ?? scalars.count
            if end - start > 1 {
                let marks = scalars[start..<end].enumerated().map {
                    (order: ($0.element.scalar.combiningClass, $0.offset), scalar: $0.element)
                }
                scalars.replaceSubrange(start..<end, with: marks.sorted { $0.order < $1.order }.map(\.scalar))
            }
            start = end
        }
    }

    /// Joins each starter with the marks and starters after it that are not blocked from it.
    static func compose(_ scalars: inout [NormalizedScalar]) {
        let compositions = Compositions.shared
        var starter: Int?
        var end = 0
        /// The class of the last scalar that was kept since the starter; a scalar of the same class or
        /// a lower one is blocked by it.
        var lastClass: UInt8 = 0
        for scalar in scalars {
            let currentClass = scalar.scalar.combiningClass
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
}

extension Unicode.Scalar {
    /// The class by which marks are ordered; 0 for a scalar that keeps its place.
    var combiningClass: UInt8 {
        // No mark comes before U+0300.
        guard value >= 0x300, isKnownToNormalization else { return 0 }
        return properties.canonicalCombiningClass.rawValue
    }

    /// Whether the library's tables, of Unicode 9, have a scalar. It takes others for starters that never
    /// change; what the scalars that it has become is the same in every later Unicode.
    var isKnownToNormalization: Bool { properties.age.map { $0 <= (9, 0) } ?? false }
}
