/// The classes of a Unicode scalar that decide where text is split, exactly as the Hugging Face
/// `tokenizers` library sees them.
struct CharacterClass: OptionSet, Sendable {
    let rawValue: UInt16

    /// `\p{L}` of a split pattern.
    static let letter = CharacterClass(rawValue: 1 << 0)
    /// `\p{N}` of a split pattern.
    static let number = CharacterClass(rawValue: 1 << 1)
    /// `\s`.
    static let whitespace = CharacterClass(rawValue: 1 << 2)
    /// What the digits pre-tokenizer separates: `\p{N}` of a younger Unicode.
    static let numeric = CharacterClass(rawValue: 1 << 3)
    /// `\w` of the whitespace pre-tokenizer, which may not touch a `single_word` added token.
    static let word = CharacterClass(rawValue: 1 << 4)
    /// `\p{M}` of a split pattern.
    static let mark = CharacterClass(rawValue: 1 << 5)
    /// `\p{P}` of a split pattern.
    static let punctuation = CharacterClass(rawValue: 1 << 6)
    /// `\p{S}` of a split pattern.
    static let symbol = CharacterClass(rawValue: 1 << 7)
    /// `[\p{Lu}\p{Lt}]` of a split pattern.
    static let upper = CharacterClass(rawValue: 1 << 8)
    /// `\p{Ll}` of a split pattern.
    static let lower = CharacterClass(rawValue: 1 << 9)
    /// What the punctuation pre-tokenizers separate: signs of ASCII, and `\p{P}` of an older Unicode.
    static let delimiter = CharacterClass(rawValue: 1 << 10)

    /// The classes that the split patterns name; a scalar with none of them is `[^\s\p{L}\p{N}]`.
    static let named: CharacterClass = [.letter, .number, .whitespace]
}

/// Looks up the classes of scalars.
struct CharacterClasses: Sendable {
    /// The table is the same for every tokenizer and is expanded once.
    static let shared = CharacterClasses()

    /// The raw classes of the Basic Multilingual Plane, where nearly all text lives.
    private let basicPlane: [UInt16]

    private init() { basicPlane = UnicodeClassTable.basicPlane() }

    @inline(__always)
    subscript(scalar: UInt32) -> CharacterClass {
        scalar < 0x10000 ? CharacterClass(rawValue: basicPlane[Int(scalar)]) : UnicodeClassTable[scalar].characterClass
    }
}
