/// The classes of a Unicode scalar that decide where text is split, exactly as the Hugging Face
/// `tokenizers` library sees them.
struct CharacterClass: OptionSet, Sendable {
    let rawValue: UInt8

    /// `\p{L}` of a split pattern.
    static let letter = CharacterClass(rawValue: 1 << 0)
    /// `\p{N}` of a split pattern.
    static let number = CharacterClass(rawValue: 1 << 1)
    /// `\s`.
    static let whitespace = CharacterClass(rawValue: 1 << 2)
    /// What the digits pre-tokenizer separates: `\p{N}` of a younger Unicode.
    static let numeric = CharacterClass(rawValue: 1 << 3)
    /// `\w`, which may not touch a `single_word` added token.
    static let word = CharacterClass(rawValue: 1 << 4)
    /// `\p{M}` of a split pattern.
    static let mark = CharacterClass(rawValue: 1 << 5)
    /// `\p{P}` of a split pattern.
    static let punctuation = CharacterClass(rawValue: 1 << 6)

    /// The classes that the split patterns name; a scalar with none of them is `[^\s\p{L}\p{N}]`.
    static let named: CharacterClass = [.letter, .number, .whitespace]
}

/// Looks up the classes of scalars.
struct CharacterClasses: Sendable {
    /// The table is the same for every tokenizer and is expanded once.
    static let shared = CharacterClasses()

    /// The raw classes of the Basic Multilingual Plane, where nearly all text lives.
    private let basicPlane: [UInt8]

    private init() {
        let runs = CharacterClass.runs
        var plane = [UInt8](repeating: 0, count: 0x10000)
        for (index, run) in runs.enumerated() where run >> 8 < 0x10000 {
            let end = index + 1 < runs.count ? min(runs[index + 1] >> 8, 0x10000) : 0x10000
            for scalar in run >> 8..<end { plane[Int(scalar)] = UInt8(truncatingIfNeeded: run) }
        }
        basicPlane = plane
    }

    subscript(scalar: UInt32) -> CharacterClass {
        scalar < 0x10000 ? CharacterClass(rawValue: basicPlane[Int(scalar)]) : Self.classOutsideBasicPlane(scalar)
    }

    private static func classOutsideBasicPlane(_ scalar: UInt32) -> CharacterClass {
        let runs = CharacterClass.runs
        // The last run that starts at or before the scalar; the first run starts at 0.
        var low = 0
        var high = runs.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if runs[middle] >> 8 <= scalar { low = middle } else { high = middle }
        }
        return CharacterClass(rawValue: UInt8(truncatingIfNeeded: runs[low]))
    }
}
