/// What the library's tables know of scalars. They are of other ages than the platform's.
enum UnicodeClassTable {
    /// The general category of a scalar, and what else the table says of it.
    struct Classes: Sendable, Equatable {
        fileprivate let bits: UInt32

        /// The general category, such as `Lu`.
        var category: String { UnicodeClassTable.categories[Int(bits >> 6)] }
        /// `\p{Han}` of a split pattern.
        var isHan: Bool { bits & 1 << 4 != 0 }
        /// `\w` of a split pattern. That of the whitespace pre-tokenizer has joiners besides.
        var isWordOfPatterns: Bool { bits & 1 << 5 != 0 }
    }

    /// The classes of a scalar.
    static subscript(scalar: UInt32) -> Classes {
        // The last run that starts at or before the scalar; the first run starts at 0.
        var low = 0
        var high = runs.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if runs[middle] >> 11 <= scalar { low = middle } else { high = middle }
        }
        return Classes(bits: runs[low] & 0x7FF)
    }

    /// Calls `body` with all scalars, in order, those of the same classes together.
    static func forEachRun(_ body: (Range<UInt32>, Classes) -> Void) {
        for (index, run) in runs.enumerated() {
            let end = index + 1 < runs.count ? runs[index + 1] >> 11 : 0x110000
            body(run >> 11..<end, Classes(bits: run & 0x7FF))
        }
    }
}

extension UnicodeClassTable.Classes {
    /// The classes that decide where text is split.
    var characterClass: CharacterClass { Self.characterClasses[Int(bits)] }

    /// For all values of the bits.
    private static let characterClasses = (0..<UInt32(1 << 11)).map { bits -> CharacterClass in
        var classes: CharacterClass = []
        if bits & 1 << 0 != 0 { classes.insert(.whitespace) }
        if bits & 1 << 1 != 0 { classes.insert(.numeric) }
        if bits & 1 << 2 != 0 { classes.insert(.word) }
        if bits & 1 << 3 != 0 { classes.insert(.delimiter) }
        let categories = UnicodeClassTable.categories
        guard Int(bits >> 6) < categories.count else { return classes }
        let category = categories[Int(bits >> 6)]
        let major: [Character: CharacterClass] = ["L": .letter, "M": .mark, "N": .number, "P": .punctuation, "S": .symbol]
        if let first = category.first, let named = major[first] { classes.insert(named) }
        if category == "Lu" || category == "Lt" { classes.insert(.upper) }
        if category == "Ll" { classes.insert(.lower) }
        return classes
    }
}
