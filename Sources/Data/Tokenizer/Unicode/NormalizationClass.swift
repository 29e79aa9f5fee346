/// What a scalar does by itself and to the one before it.
struct NormalizationClass: OptionSet, Sendable {
    let rawValue: UInt8

    /// It does not stay as it is.
    static let changes = NormalizationClass(rawValue: 1)
    /// It may change places or compose with what is before it.
    static let reachesBack = NormalizationClass(rawValue: 2)

    /// Those of the scalars up to the last one with a class.
    static func table(_ decompositions: Decompositions, composes: Bool) -> [NormalizationClass] {
        var classes = [NormalizationClass](repeating: [], count: Int(Decompositions.lastScalar) + 1)
        func isSecond(_ scalar: Unicode.Scalar) -> Bool { composes && Compositions.shared.isSecond(scalar) }
        for value in 0xA0...Decompositions.lastScalar {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let parts = decompositions[scalar]
            let first = parts?.first ?? scalar
            if first.combiningClass != 0 || isSecond(first) { classes[Int(value)].insert(.reachesBack) }
            guard let parts else { continue }
            var alone = parts.enumerated().map { NormalizedScalar($0.element, isAdded: $0.offset > 0) }
            if composes { NormalizedScalar.compose(&alone) }
            if alone.map(\.scalar) != [scalar] { classes[Int(value)].insert(.changes) }
        }
        return classes
    }
}
