import Tensor

/// The way back: the bytes that each id stands for, and how they become a text.
struct TokenDecoder: Sendable {
    struct Token: Sendable {
        var bytes: [UInt8]
        var isSpecial: Bool
        /// Whether it is one of the bytes, such as `<0x0A>`, that stand for a character only together.
        var isByte = false
        /// The bytes that it stands for as the first of a text, where they are others.
        var leading: [UInt8]?
    }

    private var tokens: [Int32: Token] = [:]
    /// The highest id plus one.
    let idLimit: Int
    private let rules: DecodingRules

    /// Reads the `decoder` field for the tokens given.
    ///
    /// - Parameter isByteLevel: Whether the pre-tokenizer is, as the decoder then has to be too.
    init(
        _ field: JSONField, isByteLevel: Bool, _ vocabulary: Vocabulary, _ added: AddedVocabulary,
        _ normalizer: Normalizer?
    ) throws(TokenizerError) {
        rules = try DecodingRules(field, isByteLevel: isByteLevel)
        var spellings = vocabulary.tokens
        for (id, token) in added.tokens { spellings[id] = try added.spelling(of: token, normalizer) }
        let rules = rules
        tokens = spellings.mapValues { rules.token($0, isSpecial: added.specialTokens.contains(Array($0.utf8))) }
        idLimit = tokens.keys.max().map { Int($0) + 1 } ?? 0
    }

    func token(_ id: Int32) -> Token? { tokens[id] }

    /// What puts the tokens of a text together.
    func joiner() -> TokenJoiner { TokenJoiner(stripping: rules.stripped, rules.strippedCount) }
}

/// The `decoder` field.
private struct DecodingRules: Sendable {
    private var isByteLevel = false
    private var replacements: [(pattern: [UInt8], content: [UInt8])] = []
    private var fallsBack = false
    /// The mark of a space that the first token of a text loses.
    private var leadingMark: [UInt8]?
    /// What is taken away from the start of a text, at most so many times.
    private(set) var stripped: [UInt8] = []
    private(set) var strippedCount = 0
    private var isFused = false

    init(_ field: JSONField, isByteLevel: Bool) throws(TokenizerError) {
        guard field.value != nil else {
            throw field.unsupported(
                isByteLevel ? "is missing, where ByteLevel is needed" : "is missing, so nothing says where spaces are")
        }
        try append(field, isByteLevel: isByteLevel)
        guard self.isByteLevel == isByteLevel else {
            throw field.unsupported("the decoder is\(isByteLevel ? " not" : "") ByteLevel, unlike the pre-tokenizer")
        }
    }

    private mutating func append(_ field: JSONField, isByteLevel: Bool) throws(TokenizerError) {
        let type = try field["type"].string()
        func unsupported() -> TokenizerError { field.unsupported("the decoder '\(type.oneLine)' is not supported here") }
        switch type {
        case "Sequence":
            let elements = try field["decoders"].elements()
            for element in elements {
                let isAlone = elements.count == 1
                let inner = element["type"].value?.string
                guard isAlone || inner != "ByteLevel" && inner != "Metaspace" && inner != "Sequence" else {
                    throw element.unsupported("this decoder together with others is not supported")
                }
                // A sequence of a sequence of … would be as deep as a file likes.
                guard inner != "Sequence" else { throw element.unsupported("a sequence in a sequence is not supported") }
                try append(element, isByteLevel: isByteLevel)
            }
        case "ByteLevel":
            self.isByteLevel = true
        case "Metaspace" where !isByteLevel:
            let mark = Array(try field.metaspaceMark().utf8)
            replacements.append((mark, [UInt8(ascii: " ")]))
            if try MetaspacePrefix(field) != .never { leadingMark = mark }
        case "Replace" where !isByteLevel && !fallsBack && !isFused:
            guard let pattern = field["pattern"]["String"].value?.string, !pattern.isEmpty else {
                throw field["pattern"].unsupported("only a {\"String\": …} that is not empty can be replaced")
            }
            replacements.append((Array(pattern.utf8), Array(try field["content"].string().utf8)))
        case "ByteFallback" where !isByteLevel && !isFused:
            fallsBack = true
        case "Fuse" where !isByteLevel:
            isFused = true
        case "Strip" where isFused && strippedCount == 0:
            guard field["stop"].value?.integer ?? 0 == 0 else {
                throw field["stop"].unsupported("only the start of a text can be stripped")
            }
            stripped = Array(try field["content"].string().utf8)
            strippedCount = stripped.isEmpty ? 0 : max(0, field["start"].value?.integer ?? 0)
        default:
            throw unsupported()
        }
    }

    func token(_ spelling: String, isSpecial: Bool) -> TokenDecoder.Token {
        let utf8 = Array(spelling.utf8)
        // A token with any character from outside of the alphabet stands for its own UTF-8.
        if isByteLevel { return .init(bytes: ByteLevelAlphabet.decode(spelling) ?? utf8, isSpecial: isSpecial) }
        let replaced = replacements.reduce(utf8) { Normalizer.replacing($1.pattern, with: $1.content, in: $0) }
        if fallsBack, let byte = ByteToken.byte(of: String(decoding: replaced, as: UTF8.self)) {
            return .init(bytes: [byte], isSpecial: isSpecial, isByte: true)
        }
        let leading = leadingMark.map { Normalizer.replacing($0, with: [], in: utf8) }
        return .init(bytes: replaced, isSpecial: isSpecial, leading: leading == replaced ? nil : leading)
    }
}

/// Puts together what the tokens of a text stand for.
struct TokenJoiner: Sendable {
    private let stripped: [UInt8]
    private var strippedCount: Int
    private var isFirst = true
    /// Bytes of byte tokens that came last.
    private var run: [UInt8] = []

    fileprivate init(stripping stripped: [UInt8], _ count: Int) {
        self.stripped = stripped
        strippedCount = count
    }

    /// Appends what a token stands for. The bytes of byte tokens come when the run of them has ended, for,
    /// as in the library, one that is not UTF-8 makes U+FFFD of all.
    mutating func append(_ token: TokenDecoder.Token, to bytes: inout [UInt8]) {
        if token.isByte {
            run += token.bytes
        } else {
            finishRun(&bytes)
            emit(isFirst ? token.leading ?? token.bytes : token.bytes, to: &bytes)
        }
        isFirst = false
    }

    /// Appends what was kept back, and is ready for another text if it was made anew.
    mutating func finishRun(_ bytes: inout [UInt8]) {
        guard !run.isEmpty else { return }
        let isText = String(validating: run, as: UTF8.self) != nil
        emit(isText ? run : Array(repeatElement([0xEF, 0xBF, 0xBD], count: run.count).joined()), to: &bytes)
        run.removeAll(keepingCapacity: true)
    }

    private mutating func emit(_ text: [UInt8], to bytes: inout [UInt8]) {
        guard strippedCount > 0 else { return bytes += text }
        var rest = text[...]
        while strippedCount > 0, !rest.isEmpty, rest.starts(with: stripped) {
            rest = rest.dropFirst(stripped.count)
            strippedCount -= 1
        }
        if !rest.isEmpty { strippedCount = 0 }
        bytes += rest
    }
}
