/// The regular expressions by which llama.cpp cuts text, one after the other: each cuts the pieces of the one before into
/// its matches and what is between them.
///
/// They are those of its `src/llama-vocab.cpp`, as its own matcher takes them. That knows no classes of letters such as `\\p{Lu}`
/// but all letters; its `\\d` and `\\w` are ASCII, and no white space but that of ASCII is in a range of characters.
enum GGUFSplit {
    static let gpt2 = [gpt2Words]
    static let digits = [#"\p{N}"#, gpt2Words]
    static let llama3 = [cl100k(digits: #"\p{N}{1,3}"#)]
    static let qwen2 = [cl100k(digits: #"\p{N}"#)]
    static let qwen35 = [
        contractions + #"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|"# + whitespace
    ]
    static let untrained = [#"[\p{P}\$\+<=>\^~\|]+"#, gpt2Words, #"\p{N}+"#, "[0-9][0-9][0-9]"]
    static let falcon = [#"[\p{P}\$\+<=>\^~\|`]+"#, gpt2Words, "[0-9][0-9][0-9]"]
    static let jais2 = [
        contractions + "|" + word + #"|\p{N}{1,3}|"# + symbols + #"|\s*[\r\n]+|\s{512}(?!\S)|\s{256}(?!\S)|\s{128}(?!\S)"#
            + #"|\s{64}(?!\S)|\s{32}(?!\S)|\s{16}(?!\S)|\s{8}(?!\S)|\s{4}(?!\S)|\s{1,2}(?!\S)|\s{1}"#
    ]
    static let deepSeekLLM = [#"[\r\n]"#, #"\s?["# + casedLetters + "]+", wideSymbols, #"\s+\z"#, eastAsian, #"\p{N}+"#]
    static let deepSeekCoder = [#"[\r\n]"#, #"\s?\p{L}+"#, #"\s?\p{P}+"#, eastAsian, #"\p{N}"#]
    static let deepSeekV3 = [#"\p{N}{1,3}"#, chineseAndKana, deepSeekWords + #"| ?[\p{P}\p{S}]+[\r\n]*|"# + whitespace]
    static let spark = [
        #"\p{N}{1,3}"#, chineseAndKana, deepSeekWords + #"| ?[\p{P}\p{S}]+|[\r\n]|\s+(?!\S)|\s+"#, #"\p{N}"#,
    ]
    static let youtu = [
        #"[\x{AC00}-\x{D7A3}\x{3131}-\x{318E}]+|[\x{FF01}\x{2026}\x{201C}\x{201D}\x{2018}\x{2019}\x{2014}\x{FF1A}\x{FF1B}"#
            + #"\x{FF0C}\x{3001}-\x{303F}\x{FE30}-\x{FE4F}]+|[\x{3105}-\x{312F}]+|"# + chineseAndKana,
        #"[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+"# + contractions + #"?|\p{N}|"# + symbolsAndSlashes + "|" + whitespace,
    ]
    static let bloom = [bloomWords]
    static let viking = [bloomWords, #"\p{N}"#]
    static let tekken = [cased(#"[\p{L}]"#, suffix: "") + #"|\p{N}|"# + symbolsAndSlashes + "|" + whitespace]
    static let gpt4o = [cased(#"[\p{L}]"#, suffix: contractions + "?") + #"|\p{N}{1,3}|"# + symbolsAndSlashes + "|" + whitespace]
    static let graniteEmbedding = [
        cased(#"[\p{L}\p{M}]"#, suffix: contractions + "?") + #"|\p{N}{1,3}|"# + symbolsAndSlashes + "|" + whitespace
    ]
    static let kimiK2 = [
        "[" + han + #"]+|[^\r\n\p{L}\p{N}]?[\p{L}&&[^"# + han + "]]+" + contractions + #"?|\p{N}{1,3}|"# + symbols + "|" + whitespace
    ]
    static let superBPE = [#"\p{N}+"#, "(?=([0-9]{3})+(?![0-9]))"]
    static let bailing = [
        #"'(?:[sSdDmMtT]|[lL][lL]|[vV][eE]|[rR][eE])|"# + word + #"|\p{N}|"# + symbols + #"|\s*[\r\n]|\s+(?!\S)|\s+"#
    ]
    static let seedCoder = [contractions + "|" + word + #"|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+|"# + whitespace]
    static let ufakzeka = [word + #"|\p{N}|"# + symbols + "|" + whitespace]
    /// Digits are grouped from their end. The first group takes the text before it along.
    static let afmoe = [
        #"\P{N}*\p{N}{1,3}(?=(?:\p{N}{3})*(?!\p{N}))|\P{N}+"#, "[" + afmoeScripts + "]+",
        deepSeekWords + #"| ?[\p{P}\p{S}]+[\r\n]*|"# + whitespace,
    ]
    static let laguna = [#"[^\n]+|[\n]+"#] + qwen2
    static let exaoneMoE = [
        contractions + #"|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n]|"#
            + #"\s+(?!\S)|\s+"#
    ]
    static let miniCPM5 = [#"\p{N}{1,3}"#, cl100k(digits: #"\p{N}+"#)]
    static let k2Horizon = [
        contractions + #"|[^\r\n\p{L}\p{N}]?(?:\p{L}|\p{M}|\x{200C}|\x{200D})+|\p{N}{1,3}|"# + symbols + "|" + whitespace
    ]
    static let chameleon = [
        "<sentinel:[0-9]+>", "(IMGIMG)((A|B|C|D|E|F|G|H|I){1,4})Z", #"([\t\n]|    |  )"#, #"\p{N}"#, #"[\p{P}!-/:-@\[-`{-~]"#,
        gpt2Words,
    ]

    /// GPT-2's words, which the ByteLevel pre-tokenizer cuts too.
    static let gpt2Words = SplitPattern.gpt2Words

    /// English contractions in letters of ASCII.
    static let contractions = "(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])"
    private static let word = #"[^\r\n\p{L}\p{N}]?\p{L}+"#
    private static let symbols = #" ?[^\s\p{L}\p{N}]+[\r\n]*"#
    private static let symbolsAndSlashes = #" ?[^\s\p{L}\p{N}]+[\r\n/]*"#
    private static let whitespace = #"\s*[\r\n]+|\s+(?!\S)|\s+"#

    private static func cl100k(digits: String) -> String { [contractions, word, digits, symbols, whitespace].joined(separator: "|") }

    /// Words that end where a small letter of ASCII is followed by a capital.
    private static func cased(_ letter: String, suffix: String) -> String {
        let (large, small) = ("((?=\(letter))([^a-z]))", "((?=\(letter))([^A-Z]))")
        let lead = #"[^\r\n\p{L}\p{N}]?"#
        return "\(lead)\(large)*\(small)+\(suffix)|\(lead)\(large)+\(small)*\(suffix)"
    }

    private static let bloomWords = " ?[^(\\s|.,!?\u{2026}\u{3002}\u{FF0C}\u{3001}\u{964}\u{6D4}\u{60C})]+"
    private static let chineseAndKana = #"[\x{4E00}-\x{9FA5}\x{3040}-\x{309F}\x{30A0}-\x{30FF}]+"#
    /// From U+0800 on, without white space.
    private static let eastAsian =
        #"[\x{0800}-\x{167F}\x{1681}-\x{1FFF}\x{200B}-\x{2027}\x{202A}-\x{202E}\x{2030}-\x{205E}\x{2060}-\x{2FFF}"#
        + #"\x{3001}-\x{9FA5}\x{AC00}-\x{D7FF}]+"#
    private static let deepSeekWords =
        ##"[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"##
    private static let wideSymbols =
        #"\s?[!-/:-~\x{FF01}-\x{FF0F}\x{FF1A}-\x{FF5E}\x{2018}-\x{201F}\x{3001}-\x{3002}]+"#
    private static let han =
        #"\x{3400}-\x{4DBF}\x{4E00}-\x{9FFF}\x{F900}-\x{FAFF}\x{20000}-\x{2A6DF}\x{2A700}-\x{2EBEF}\x{2F800}-\x{2FA1F}"#
    private static let afmoeScripts =
        #"\x{4E00}-\x{9FFF}\x{3400}-\x{4DBF}\x{8C48}-\x{FAFF}\x{3040}-\x{309F}\x{30A0}-\x{30FF}\x{FF65}-\x{FF9F}\x{2F00}-\x{2FDF}\x{0E40}-\x{0E7F}\x{0E80}-\x{0EFF}"#
        + #"\x{1780}-\x{17FF}\x{1000}-\x{109F}\x{AA60}-\x{AA7F}\x{A9E0}-\x{A9FF}\x{AC00}-\x{D7AF}\x{1100}-\x{11FF}"#
    /// Those of Latin, Greek, Cyrillic and other alphabets of two cases.
    private static let casedLetters =
        #"A-Za-z\x{00B5}\x{00C0}-\x{00D6}\x{00D8}-\x{00F6}\x{00F8}-\x{01BA}\x{01BC}-\x{01BF}\x{01C4}-\x{0293}"#
        + #"\x{0295}-\x{02AF}\x{0370}-\x{0373}\x{0376}\x{0377}\x{037B}-\x{037D}\x{037F}\x{0386}\x{0388}-\x{038A}"#
        + #"\x{038C}\x{038E}-\x{03A1}\x{03A3}-\x{03F5}\x{03F7}-\x{0481}\x{048A}-\x{052F}\x{0531}-\x{0556}"#
        + #"\x{10A0}-\x{10C5}\x{13A0}-\x{13F5}\x{13F8}-\x{13FD}\x{1C90}-\x{1CBA}\x{1CBD}-\x{1CBF}\x{1D00}-\x{1D2B}"#
        + #"\x{1D6B}-\x{1D77}\x{1D79}-\x{1D9A}\x{1E00}-\x{1F15}\x{1F18}-\x{1F1D}\x{1F20}-\x{1F45}\x{1F48}-\x{1F4D}"#
        + #"\x{1F50}-\x{1F57}\x{1F59}\x{1F5B}\x{1F5D}\x{1F5F}-\x{1F7D}\x{1F80}-\x{1FB4}\x{1FB6}-\x{1FBC}\x{1FBE}"#
        + #"\x{1FC2}-\x{1FC4}\x{1FC6}-\x{1FCC}\x{1FD0}-\x{1FD3}\x{1FD6}-\x{1FDB}\x{1FE0}-\x{1FEC}\x{1FF2}-\x{1FF4}"#
        + #"\x{1FF6}-\x{1FFC}\x{2102}\x{2107}\x{210A}-\x{2113}\x{2115}\x{2119}-\x{211D}\x{2124}\x{2126}\x{2128}"#
        + #"\x{212A}-\x{212D}\x{212F}-\x{2134}\x{2139}\x{213C}-\x{213F}\x{2145}-\x{2149}\x{214E}\x{2183}\x{2184}"#
        + #"\x{2C00}-\x{2C7B}\x{2C7E}-\x{2CE4}\x{2CEB}-\x{2CEE}\x{2CF2}\x{2CF3}\x{A640}-\x{A66D}\x{A680}-\x{A69B}"#
        + #"\x{A722}-\x{A76F}\x{A771}-\x{A787}\x{A78B}-\x{A78E}\x{AB70}-\x{ABBF}\x{FB00}-\x{FB06}\x{FB13}-\x{FB17}"#
        + #"\x{FF21}-\x{FF3A}\x{FF41}-\x{FF5A}\x{10400}-\x{1044F}\x{104B0}-\x{104D3}\x{104D8}-\x{104FB}"#
        + #"\x{10C80}-\x{10CB2}\x{10CC0}-\x{10CF2}\x{118A0}-\x{118DF}\x{1E900}-\x{1E943}"#
}
