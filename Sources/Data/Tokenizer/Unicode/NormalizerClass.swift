/// What normalizers know of a scalar, exactly as those of the Hugging Face `tokenizers` library, each with a Unicode
/// version of its own.
struct NormalizerClass: OptionSet, Sendable {
    let rawValue: UInt8

    /// A combining mark, which `StripAccents` takes away.
    static let mark = NormalizerClass(rawValue: 1 << 5)
    /// A combining mark that takes no room, which `BertNormalizer` takes away.
    static let accent = NormalizerClass(rawValue: 1 << 6)
    /// What `BertNormalizer` takes for a control character.
    static let control = NormalizerClass(rawValue: 1 << 7)

    var graphemeClass: GraphemeClass { GraphemeClass(rawValue: rawValue & 0x1F) ?? .other }
}

/// What decides whether a scalar is of one character with those beside it (UAX #29).
enum GraphemeClass: UInt8, Sendable {
    case other, carriageReturn, lineFeed, control
    /// Marks, by what they do between two consonants of an Indic script: part them, nothing, or join them.
    case extend, conjunctExtend, conjunctLinker
    case joiner, regionalIndicator, prepend, spacingMark, leadingJamo, vowelJamo, trailingJamo, pictographic, conjunctConsonant
    /// Not in the table, for their numbers tell them.
    case syllable, closedSyllable

    var isExtend: Bool { self == .extend || self == .conjunctExtend || self == .conjunctLinker }

    var isControl: Bool { self == .control || self == .carriageReturn || self == .lineFeed }
}

/// Looks up the classes of scalars.
struct NormalizerClasses: Sendable {
    /// The table is the same for every tokenizer and is expanded once.
    static let shared = NormalizerClasses()

    private let table = ScalarRuns(NormalizerClass.runs, bits: 8)
    /// The raw classes of the Basic Multilingual Plane, where nearly all text lives.
    private let basicPlane: [UInt8]

    private init() { basicPlane = table.basicPlane { UInt8($0) } }

    @inline(__always)
    subscript(scalar: UInt32) -> NormalizerClass {
        NormalizerClass(rawValue: scalar < 0x10000 ? basicPlane[Int(scalar)] : UInt8(table[scalar]))
    }

    func graphemeClass(of scalar: UInt32) -> GraphemeClass {
        guard 0xAC00..<0xD7A4 ~= scalar else { return self[scalar].graphemeClass }
        return (scalar - 0xAC00) % 28 == 0 ? .syllable : .closedSyllable
    }
}
