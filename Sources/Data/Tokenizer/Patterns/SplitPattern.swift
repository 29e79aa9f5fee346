/// The regular expressions by which byte-level tokenizers cut text into words, as hand-written scanners
/// over Unicode scalars. Each expression matches at every position of every text, so a text is the
/// concatenation of its matches.
enum SplitPattern: TextMatcher {
    /// GPT-2's, which is also that of a `ByteLevel` pre-tokenizer.
    case gpt2
    /// That of cl100k and its descendants, which differ in how many digits make a word: three in
    /// Llama 3, one in Qwen.
    case cl100k(maximumDigits: Int, foldsLongS: Bool = true)
    /// Qwen 3.5's: as `cl100k(maximumDigits: 1)`, but a mark counts as a letter, so that the words of
    /// scripts that spell vowels as marks stay whole.
    case qwen35(foldsLongS: Bool = true)
    /// That of o200k and Mistral's tekken, where a word also ends before an upper-case letter that follows a lower-case one.
    /// In o200k, a word takes its contraction along.
    case o200k(maximumDigits: Int, contractions: Bool)

    /// GPT-2's expression.
    static let gpt2Words = #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#
    /// Llama 3's.
    static let llama3Words = llama + #"\p{N}{1,3}"# + common
    /// Qwen 2's.
    static let qwen2Words = llama + #"\p{N}"# + common
    /// Qwen 3.5's.
    static let qwen35Words = foldedContractions + marked

    private static let common = #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    private static let letters = #"|[^\r\n\p{L}\p{N}]?\p{L}+|"#
    private static let foldedContractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
    private static let llama = foldedContractions + letters
    private static let marked =
        #"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#

    /// The expressions as `tokenizer.json` files spell them.
    static let known: [String: SplitPattern] = {
        // As llama.cpp spells contractions, whose letters are then those of ASCII.
        let ascii = "(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])"
        // What is possessive or repeated here changes no match.
        let possessive = #"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|"#
        let possessiveEnd = #"| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"#
        func cased(_ contraction: String, _ digits: String) -> String {
            #"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"# + contraction
                + #"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"# + contraction + "|" + digits
                + #"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
        }
        let contractions = foldedContractions + "?"
        return [
            gpt2Words: .gpt2, llama3Words: .cl100k(maximumDigits: 3), qwen2Words: .cl100k(maximumDigits: 1),
            possessive + #"\p{N}{1,3}"# + possessiveEnd: .cl100k(maximumDigits: 3),
            possessive + #"\p{N}"# + possessiveEnd: .cl100k(maximumDigits: 1),
            qwen35Words: .qwen35(),
            ascii + letters + #"\p{N}{1,3}"# + common: .cl100k(maximumDigits: 3, foldsLongS: false),
            ascii + letters + #"\p{N}"# + common: .cl100k(maximumDigits: 1, foldsLongS: false),
            ascii + marked: .qwen35(foldsLongS: false),
            cased(contractions, #"\p{N}{1,3}"#): .o200k(maximumDigits: 3, contractions: true),
            cased("", #"\p{N}"#): .o200k(maximumDigits: 1, contractions: false),
            cased("", #"\p{N}{1,3}"#): .o200k(maximumDigits: 3, contractions: false),
        ]
    }()

    /// The scanner of a regular expression; `nil` where there is none.
    init?(regex: String) {
        guard let pattern = Self.known[regex] else { return nil }
        self = pattern
    }

    /// The end of the word that starts at an index before the end of the text.
    @inline(__always)
    func endOfWord(from start: Int, in text: UTF8Bytes, _ classes: CharacterClasses) -> Int {
        let scanner = WordScanner(text: text, classes: classes)
        return switch self {
        case .gpt2: scanner.gpt2Word(from: start)
        case .cl100k(let maximumDigits, let foldsLongS):
            scanner.cl100kWord(from: start, maximumDigits: maximumDigits, foldsLongS: foldsLongS)
        case .qwen35(let foldsLongS):
            WordScanner(text: text, classes: classes, takesMarksForLetters: true)
                .cl100kWord(from: start, maximumDigits: 1, foldsLongS: foldsLongS)
        case .o200k(let maximumDigits, let contractions):
            scanner.o200kWord(from: start, maximumDigits: maximumDigits, contractions: contractions)
        }
    }

    func forEachMatch(in text: UTF8Bytes, _ body: (Range<Int>) throws(TokenizerError) -> Void) throws(TokenizerError) {
        let classes = CharacterClasses.shared
        var start = 0
        while start < text.count {
            let end = endOfWord(from: start, in: text, classes)
            try body(start..<end)
            start = end
        }
    }
}
