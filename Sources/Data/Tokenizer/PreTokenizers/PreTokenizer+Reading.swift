import Tensor

extension PreTokenizer {
    /// Sequences in sequences.
    private static let depthLimit = 32

    /// Adds the stages of a `pre_tokenizer` field.
    static func append(_ field: JSONField, to stages: inout [Stage], depth: Int) throws(TokenizerError) {
        let type = try field["type"].string()
        func cut(at classes: CharacterClass, _ behavior: SplitBehavior) {
            stages.append(.split(MatchSplitter(matcher: ScalarMatcher.ofClass(classes), behavior: behavior)))
        }
        switch type {
        case "ByteLevel":
            if try field["add_prefix_space"].bool(default: true) { stages.append(.prefixSpace) }
            if try field["use_regex"].bool(default: true) { stages.append(.words(.gpt2)) }
            stages.append(.byteLevelAlphabet)
        case "Metaspace":
            let metaspace = try Metaspace(field)
            stages.append(.metaspace(metaspace))
            if try field["split"].bool(default: true) {
                // A word takes the mark before it along.
                stages.append(.split(MatchSplitter(matcher: LiteralMatcher(literal: metaspace.mark), behavior: .mergedWithNext)))
            }
        case "Split":
            stages.append(try split(field))
        case "Digits":
            cut(at: .numeric, try field["individual_digits"].bool(default: false) ? .isolated : .contiguous)
        case "Punctuation":
            cut(at: .delimiter, try SplitBehavior(field["behavior"], default: .isolated))
        case "WhitespaceSplit":
            cut(at: .whitespace, .removed)
        case "BertPreTokenizer":
            cut(at: .whitespace, .removed)
            cut(at: .delimiter, .isolated)
        case "Whitespace":
            stages.append(.split(WordSplitter()))
        case "CharDelimiterSplit":
            let delimiter = try field["delimiter"].scalar()
            stages.append(.split(MatchSplitter(matcher: ScalarMatcher.scalar(delimiter.value), behavior: .removed)))
        case "UnicodeScripts":
            stages.append(.split(ScriptSplitter()))
        case "FixedLength":
            let length = field["length"].value == nil ? 5 : field["length"].value?.integer
            guard let length, length > 0 else { throw field["length"].malformed("is not a number above 0") }
            stages.append(.split(LengthSplitter(length: length)))
        case "Sequence":
            guard depth < depthLimit else { throw field.unsupported("more than \(depthLimit) sequences in each other are not supported") }
            for element in try field["pretokenizers"].elements() { try append(element, to: &stages, depth: depth + 1) }
        default:
            throw field.unsupported("the pre-tokenizer '\(type.oneLine)' is not supported")
        }
        guard stages.count <= stageLimit else { throw field.unsupported("more than \(stageLimit) stages are not supported") }
    }

    private static func split(_ field: JSONField) throws(TokenizerError) -> Stage {
        let behavior = try SplitBehavior(field["behavior"])
        let isInverted = try field["invert"].bool(default: false)
        let pattern = try TextPattern(field["pattern"])
        // The matches cover all of a text, so whether they are isolated or what is between them is removed comes to the same.
        if let words = pattern.covering, isInverted ? behavior == .removed : behavior == .isolated { return .words(words) }
        return .split(MatchSplitter(matcher: pattern.matcher, behavior: behavior, isInverted: isInverted))
    }
}

extension JSONField {
    /// A text of one scalar.
    func scalar() throws(TokenizerError) -> Unicode.Scalar {
        let scalars = try string().unicodeScalars
        guard let first = scalars.first, scalars.dropFirst().isEmpty else { throw malformed("is not one character") }
        return first
    }
}
