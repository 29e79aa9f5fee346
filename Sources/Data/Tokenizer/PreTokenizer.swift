/// The second stage: cuts text into the words within which the model merges.
struct PreTokenizer: Sendable {
    /// A cut of every piece that the stage before it made.
    private enum Stage: Sendable {
        case split(SplitPattern)
        /// Digits apart from the rest, each alone or in runs.
        case digits(individually: Bool)
        /// Puts a space before each piece that does not start with one.
        case prefixSpace
    }

    private var stages: [Stage] = []
    private let classes = CharacterClasses.shared

    /// Reads the `pre_tokenizer` field, which has to end in `ByteLevel`: the model merges bytes.
    init(_ field: JSONField) throws(TokenizerError) {
        guard try append(field) else {
            throw field.unsupported("no ByteLevel pre-tokenizer, so this is not a byte-level tokenizer")
        }
    }

    /// - Returns: Whether the stages now end in `ByteLevel`.
    private mutating func append(_ field: JSONField) throws(TokenizerError) -> Bool {
        guard field.value != nil else { return false }
        let type = try field["type"].string()
        switch type {
        case "ByteLevel":
            if try field["add_prefix_space"].bool(default: true) { stages.append(.prefixSpace) }
            if try field["use_regex"].bool(default: true) { stages.append(.split(.gpt2)) }
            return true
        case "Digits":
            stages.append(.digits(individually: try field["individual_digits"].bool(default: false)))
            return false
        case "Split":
            stages.append(.split(try Self.splitPattern(field)))
            return false
        case "Sequence":
            var isByteLevel = false
            for element in try field["pretokenizers"].elements() {
                guard !isByteLevel else {
                    throw element.unsupported("a pre-tokenizer after ByteLevel is not supported")
                }
                isByteLevel = try append(element)
            }
            return isByteLevel
        default:
            throw field.unsupported("the pre-tokenizer '\(type)' is not supported")
        }
    }

    private static func splitPattern(_ field: JSONField) throws(TokenizerError) -> SplitPattern {
        let regex = field["pattern"]["Regex"]
        guard let pattern = SplitPattern(regex: try regex.string()) else {
            throw regex.unsupported("this split pattern is not one of GPT-2's, Llama 3's and Qwen's")
        }
        // The patterns match all of a text, so whether the matches are isolated or what is between
        // them is removed comes to the same.
        let behavior = try field["behavior"].string()
        let isInverted = try field["invert"].bool(default: false)
        guard behavior == "Isolated" || behavior == "Removed" && isInverted else {
            throw field["behavior"].unsupported("'\(behavior)'\(isInverted ? " inverted" : "") is not supported")
        }
        return pattern
    }

    /// Calls `body` with each word of a text, in order. A word is never empty.
    func forEachWord(in text: UTF8Bytes, _ body: (UTF8Bytes) -> Void) {
        if !text.isEmpty { cut(text, from: 0, body) }
    }

    /// Cuts a text by the stages from an index on.
    private func cut(_ text: UTF8Bytes, from index: Int, _ body: (UTF8Bytes) -> Void) {
        guard index < stages.count else { return body(text) }
        switch stages[index] {
        case .split(let pattern):
            var start = 0
            while start < text.count {
                let end = pattern.endOfWord(from: start, in: text, classes)
                cut(text.slice(start..<end), from: index + 1, body)
                start = end
            }
        case .digits(let individually):
            cutDigits(text, individually: individually) { cut($0, from: index + 1, body) }
        case .prefixSpace:
            guard text[0] != UInt8(ascii: " ") else { return cut(text, from: index + 1, body) }
            var prefixed: [UInt8] = [UInt8(ascii: " ")]
            prefixed += text
            prefixed.withUnsafeBufferPointer { cut($0, from: index + 1, body) }
        }
    }

    private func cutDigits(_ text: UTF8Bytes, individually: Bool, _ body: (UTF8Bytes) -> Void) {
        var start = 0
        var index = 0
        var wasDigit = false
        while index < text.count {
            let (scalar, length) = text.scalar(at: index)
            let isDigit = classes[scalar].contains(.numeric)
            if index > start, isDigit != wasDigit || isDigit && individually {
                body(text.slice(start..<index))
                start = index
            }
            wasDigit = isDigit
            index += length
        }
        if start < text.count { body(text.slice(start..<text.count)) }
    }
}
