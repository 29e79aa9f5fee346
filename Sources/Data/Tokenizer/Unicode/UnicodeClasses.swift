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

    private static let table = ScalarRuns(runs, bits: 11)

    /// The classes of a scalar.
    static subscript(scalar: UInt32) -> Classes { Classes(bits: table[scalar]) }

    /// Calls `body` with all scalars, in order, those of the same classes together.
    static func forEachRun(_ body: (Range<UInt32>, Classes) -> Void) { table.forEachRun { body($0, Classes(bits: $1)) } }

    /// The classes of the Basic Multilingual Plane that decide where text is split.
    static func basicPlane() -> [UInt16] { table.basicPlane { Classes(bits: $0).characterClass.rawValue } }
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
