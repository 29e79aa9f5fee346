import Tensor

/// The second stage: cuts text into the words within which the model merges.
struct PreTokenizer: Sendable, Equatable {
    /// A cut of every piece that the stage before it made.
    private enum Stage: Sendable, Equatable {
        case split(SplitPattern)
        /// The matches apart from the rest, or, joined, each at the end of the text before it.
        case isolate(IsolatedPattern, joined: Bool)
        /// Digits apart from the rest, each alone or in runs.
        case digits(individually: Bool)
        /// Puts a space before each piece that does not start with one.
        case prefixSpace
        /// Writes spaces as a mark, and cuts before each mark.
        case metaspace(mark: [UInt8], MetaspacePrefix, splits: Bool)
    }

    /// Each stage calls the next, so that their number takes stack; published tokenizers have a handful.
    private static let stageLimit = 64

    private var stages: [Stage] = []
    /// Whether the model merges bytes, in the byte-level alphabet, and not characters.
    private(set) var isByteLevel = false
    private let classes = CharacterClasses.shared

    static func == (left: PreTokenizer, right: PreTokenizer) -> Bool {
        left.stages == right.stages && left.isByteLevel == right.isByteLevel
    }

    /// Reads the `pre_tokenizer` field. None at all makes one word of each text.
    init(_ field: JSONField) throws(TokenizerError) {
        if field.value != nil { try append(field) }
    }

    /// Whether a text without spaces stays one word.
    var keepsTextWithoutSpaces: Bool { stages.allSatisfy { $0 == .isolate(.literal(Array(" ".utf8)), joined: true) } }

    /// Whether all that it does is to write spaces as `▁`.
    var onlyMarksSpaces: Bool { stages == [.metaspace(mark: Array("▁".utf8), .never, splits: false)] }

    private mutating func append(_ field: JSONField) throws(TokenizerError) {
        let type = try field["type"].string()
        switch type {
        case "ByteLevel":
            if try field["add_prefix_space"].bool(default: true) { stages.append(.prefixSpace) }
            if try field["use_regex"].bool(default: true) { stages.append(.split(.gpt2)) }
            isByteLevel = true
        case "Digits":
            stages.append(.digits(individually: try field["individual_digits"].bool(default: false)))
        case "Split":
            stages.append(try Self.split(field))
        case "Metaspace":
            stages.append(try Self.metaspace(field))
        case "Sequence":
            for element in try field["pretokenizers"].elements() {
                guard !isByteLevel else {
                    throw element.unsupported("a pre-tokenizer after ByteLevel is not supported")
                }
                try append(element)
            }
        default:
            throw field.unsupported("the pre-tokenizer '\(type.oneLine)' is not supported")
        }
        guard stages.count <= Self.stageLimit else { throw field.unsupported("more than \(Self.stageLimit) stages are not supported") }
    }

    private static func split(_ field: JSONField) throws(TokenizerError) -> Stage {
        let behavior = try field["behavior"].string()
        let isInverted = try field["invert"].bool(default: false)
        let unsupported = field["behavior"].unsupported("'\(behavior.oneLine)'\(isInverted ? " inverted" : "") is not supported")
        if let literal = field["pattern"]["String"].value?.string {
            guard !literal.isEmpty else { throw field["pattern"].malformed("is empty") }
            let joined = behavior == "MergedWithPrevious"
            guard !isInverted, joined || behavior == "Isolated" else { throw unsupported }
            return .isolate(.literal(Array(literal.utf8)), joined: joined)
        }
        let regex = field["pattern"]["Regex"]
        let expression = try regex.string()
        if let pattern = IsolatedPattern(regex: expression) {
            guard !isInverted, behavior == "Isolated" else { throw unsupported }
            return .isolate(pattern, joined: false)
        }
        guard let pattern = SplitPattern(regex: expression) else {
            throw regex.unsupported("this split pattern is not one of GPT-2's, Llama 3's and Qwen's")
        }
        // The patterns match all of a text, so whether the matches are isolated or what is between
        // them is removed comes to the same.
        guard behavior == "Isolated" || behavior == "Removed" && isInverted else { throw unsupported }
        return .split(pattern)
    }

    private static func metaspace(_ field: JSONField) throws(TokenizerError) -> Stage {
        .metaspace(
            mark: Array(try field.metaspaceMark().utf8), try MetaspacePrefix(field),
            splits: try field["split"].bool(default: true))
    }

    /// Calls `body` with each word of a text, in order. A word is never empty.
    ///
    /// - Parameter startsText: Whether nothing of the whole text comes before this one.
    func forEachWord<Origin: TextOrigin>(
        in text: UTF8Bytes, startsText: Bool = true, _ origin: Origin, _ body: (UTF8Bytes, Origin) throws(TokenizerError) -> Void
    ) throws(TokenizerError) {
        if !text.isEmpty { try cut(text, from: 0, startsText, origin, body) }
    }

    /// Cuts a text by the stages from an index on.
    private func cut<Origin: TextOrigin>(
        _ text: UTF8Bytes, from index: Int, _ startsText: Bool, _ origin: Origin,
        _ body: (UTF8Bytes, Origin) throws(TokenizerError) -> Void
    ) throws(TokenizerError) {
        guard index < stages.count else { return try body(text, origin) }
        /// Hands a part of this text to the next stage.
        func pass(_ range: Range<Int>) throws(TokenizerError) {
            try cut(
                text.slice(range), from: index + 1, startsText && range.lowerBound == 0,
                origin.part(from: range.lowerBound), body)
        }
        switch stages[index] {
        case .split(let pattern):
            var start = 0
            while start < text.count {
                let end = pattern.endOfWord(from: start, in: text, classes)
                try pass(start..<end)
                start = end
            }
        case .isolate(let pattern, let joined):
            try isolate(pattern, joined: joined, in: text, pass)
        case .digits(let individually):
            try cutDigits(text, individually: individually, pass)
        case .prefixSpace:
            guard text[0] != UInt8(ascii: " ") else { return try pass(0..<text.count) }
            var prefixed: [UInt8] = [UInt8(ascii: " ")]
            prefixed += text
            try prefixed.withUnsafeBufferPointer { prefixed throws(TokenizerError) in
                try origin.withRewritten({ [0] + (0..<Int32(text.count)) }) { origin throws(TokenizerError) in
                    try cut(prefixed, from: index + 1, startsText, origin, body)
                }
            }
        case .metaspace(let mark, let prefix, let splits):
            let marked = Self.marked(text, mark, prefix, startsText)
            try marked.withUnsafeBufferPointer { marked throws(TokenizerError) in
                try origin.withRewritten({ Self.sources(ofMarked: marked.count, mark, text) }) { origin throws(TokenizerError) in
                    guard splits else { return try cut(marked, from: index + 1, startsText, origin, body) }
                    var start = 0
                    for end in 1...marked.count
                    where end == marked.count || end + mark.count <= marked.count && marked[end..<end + mark.count].elementsEqual(mark) {
                        try cut(marked.slice(start..<end), from: index + 1, startsText && start == 0, origin.part(from: start), body)
                        start = end
                    }
                }
            }
        }
    }

    /// A text with the mark for each space, and perhaps before it.
    private static func marked(_ text: UTF8Bytes, _ mark: [UInt8], _ prefix: MetaspacePrefix, _ startsText: Bool) -> [UInt8] {
        var marked: [UInt8] = []
        marked.reserveCapacity(text.count + mark.count)
        for byte in text {
            if byte == UInt8(ascii: " ") { marked += mark } else { marked.append(byte) }
        }
        let isPrefixed = prefix == .always || prefix == .first && startsText
        return isPrefixed && !marked.starts(with: mark) ? mark + marked : marked
    }

    /// For each byte of a marked text the byte that it comes from. A mark before the text comes from the first.
    private static func sources(ofMarked count: Int, _ mark: [UInt8], _ text: UTF8Bytes) -> [Int32] {
        var sources: [Int32] = []
        sources.reserveCapacity(count)
        for (index, byte) in text.enumerated() {
            for _ in 0..<(byte == UInt8(ascii: " ") ? mark.count : 1) { sources.append(Int32(index)) }
        }
        return Array(repeating: 0, count: count - sources.count) + sources
    }

    private func isolate(_ pattern: IsolatedPattern, joined: Bool, in text: UTF8Bytes, _ body: (Range<Int>) throws(TokenizerError) -> Void)
        throws(TokenizerError)
    {
        var start = 0
        var index = 0
        while index < text.count {
            guard let end = pattern.endOfMatch(at: index, in: text, classes) else {
                index += text.scalar(at: index).length
                continue
            }
            if start < index, !joined {
                try body(start..<index)
                start = index
            }
            try body(start..<end)
            start = end
            index = end
        }
        if start < text.count { try body(start..<text.count) }
    }

    private func cutDigits(_ text: UTF8Bytes, individually: Bool, _ body: (Range<Int>) throws(TokenizerError) -> Void)
        throws(TokenizerError)
    {
        var start = 0
        var index = 0
        var wasDigit = false
        while index < text.count {
            let (scalar, length) = text.scalar(at: index)
            let isDigit = classes[scalar].contains(.numeric)
            if index > start, isDigit != wasDigit || isDigit && individually {
                try body(start..<index)
                start = index
            }
            wasDigit = isDigit
            index += length
        }
        if start < text.count { try body(start..<text.count) }
    }
}

/// Which pieces of a text get the mark of a space before them.
enum MetaspacePrefix: Sendable, Equatable {
    case always, never
    /// Only the one that starts the text.
    case first

    /// Reads `prepend_scheme`, or the `add_prefix_space` of older files.
    init(_ field: JSONField) throws(TokenizerError) {
        let isPrefixed = try field["add_prefix_space"].bool(default: true)
        switch field["prepend_scheme"].value?.string {
        case nil: self = isPrefixed ? .always : .never
        case "always": self = .always
        case "first": self = .first
        case "never": self = .never
        case let scheme?: throw field["prepend_scheme"].malformed("'\(scheme.oneLine)' is neither always, first nor never")
        }
    }
}

extension JSONField {
    /// The `replacement` of a `Metaspace`.
    func metaspaceMark() throws(TokenizerError) -> String {
        let mark = try self["replacement"].string()
        guard mark.unicodeScalars.count == 1 else { throw self["replacement"].malformed("is not one character") }
        return mark
    }
}
