import Tensor

/// The `decoder` field: the steps by which tokens become text.
///
/// The first steps make tokens of tokens. From `Fuse` or `ByteLevel` on there is one token, the text as a whole, which comes
/// in parts. The text that comes in the end may have bytes which are not UTF-8, and become U+FFFD.
struct DecoderChain: Sendable {
    /// Published tokenizers have a handful.
    private static let stepLimit = 64
    /// How many times longer than its input a text may become; keeps a chain of replacements from filling the memory.
    private static let growthLimit = 4096.0

    /// The first of them, as far as they rewrite each token by itself.
    private(set) var spellingSteps = TextSteps([])
    private(set) var tokenSteps: [any TokenStep] = []
    private(set) var textSteps = TextSteps([])
    /// What an id by itself stands for in the middle of a text.
    private(set) var meaning = TextSteps([])
    private var isFused = false
    private var stepCount = 0
    /// At most how many times longer than its tokens a text becomes.
    private(set) var growth = 1.0

    /// Reads a field.
    ///
    /// - Parameters:
    ///   - preTokenizer: The field of that name, which says the way back where there is no decoder.
    ///   - isByteLevel: Whether the pre-tokenizer is.
    ///   - cleanup: What is to be done to the text in the end.
    init(_ field: JSONField, preTokenizer: JSONField, isByteLevel: Bool, cleanup: TextSteps?) throws(TokenizerError) {
        if field.value != nil {
            try append(field)
        } else if isByteLevel {
            appendByteLevel()
        } else if let metaspace = Self.metaspace(in: preTokenizer) {
            try append(metaspace)
        } else {
            tokenSteps = [SpaceJoiningStep()]
        }
        if let cleanup { textSteps.append(cleanup) }
        textSteps.removeLastRepair()
    }

    /// The last `Metaspace` of a pre-tokenizer.
    private static func metaspace(in field: JSONField) -> JSONField? {
        if field["type"].value?.string == "Metaspace" { return field }
        guard let stages = try? field["pretokenizers"].elements() else { return nil }
        return stages.reversed().lazy.compactMap { metaspace(in: $0) }.first
    }

    private mutating func append(_ field: JSONField) throws(TokenizerError) {
        let type = try Self.type(of: field)
        if type == "Sequence" {
            guard field["decoders"].value != nil else { throw field["decoders"].malformed("is missing") }
            for element in try field["decoders"].elements() { try append(element) }
            return
        }
        stepCount += 1
        guard stepCount <= Self.stepLimit else { throw field.unsupported("more than \(Self.stepLimit) steps are not supported") }
        switch type {
        case "ByteLevel": appendByteLevel()
        case "Fuse": isFused = true
        case "Replace":
            let step = try ReplaceStep.step(field)
            growth *= ReplaceStep.growth(field)
            meaning.append(step)
            appendTokenwise(step)
        case "Strip":
            let step = try StripStep(field)
            if !isFused { meaning.append(step) }
            appendTokenwise(step)
        case "Metaspace":
            let step = try MetaspaceStep(field)
            meaning.append(step.others)
            append(step, step.first)
        case "WordPiece":
            let step = try WordPieceStep(field)
            meaning.append(step.withoutPrefix)
            append(step, step.cleanup)
        case "BPEDecoder":
            let step = try WordSuffixStep(field)
            growth *= 2
            meaning.append(step.others)
            append(step, step.last)
        case "CTC":
            let step = try CTCStep(field)
            growth *= 2
            meaning.append(step.rewriting)
            append(step, step.rewriting)
        case "ByteFallback":
            meaning.append(SingleByteFallback(givesText: false))
            append(ByteFallbackStep(), SingleByteFallback(givesText: true))
        default:
            throw field.unsupported("the decoder '\(type.oneLine)' is not supported")
        }
        guard growth <= Self.growthLimit else { throw field.unsupported("makes text too long") }
    }

    private mutating func append(_ tokenStep: any TokenStep, _ textStep: any TextStep) {
        if isFused { textSteps.append(textStep) } else { tokenSteps.append(tokenStep) }
    }

    private mutating func appendTokenwise(_ step: any TextStep) {
        if tokenSteps.isEmpty, !isFused { spellingSteps.append(step) } else { append(TokenwiseStep(step: step), step) }
    }

    private mutating func appendByteLevel() {
        meaning.append(ByteLevelStep())
        appendTokenwise(ByteLevelStep())
        textSteps.append(UTF8Repair())
        isFused = true
    }

    /// The name of the kind; of files without one, that of the kind which has such fields.
    private static func type(of field: JSONField) throws(TokenizerError) -> String {
        func has(_ keys: String...) -> Bool { keys.allSatisfy { field[$0].value != nil } }
        guard field["type"].value == nil else { return try field["type"].string() }
        if has("suffix") { return "BPEDecoder" }
        if has("prefix", "cleanup") { return "WordPiece" }
        if has("pad_token", "word_delimiter_token", "cleanup") { return "CTC" }
        if has("pattern", "content") { return "Replace" }
        if has("content", "start", "stop") { return "Strip" }
        return try field["type"].string()
    }
}
