/// The second stage: cuts text into the words within which the model merges.
struct PreTokenizer: Sendable {
    /// What is done to every piece that the stage before it made.
    enum Stage: Sendable {
        /// Words that cover the text.
        case words(SplitPattern)
        /// Any other cut.
        case split(any TextSplitter)
        /// Puts a space before each piece that does not start with one.
        case prefixSpace
        /// Writes spaces as a mark.
        case metaspace(Metaspace)
        /// Writes the bytes of the text in the byte-level alphabet.
        case byteLevelAlphabet
    }

    /// Each stage calls the next, so that their number takes stack; published tokenizers have a handful.
    static let stageLimit = 64

    private(set) var stages: [Stage] = []
    /// Whether the model gets the bytes of the text, whose tokens are spelled in the byte-level alphabet, and not characters.
    let isByteLevel: Bool

    /// Reads the `pre_tokenizer` field. None at all makes one word of each text.
    init(_ field: JSONField) throws(TokenizerError) {
        var stages: [Stage] = []
        if field.value != nil { try Self.append(field, to: &stages, depth: 0) }
        // The alphabet need not be written where only the model reads it.
        if stages.last == .byteLevelAlphabet, stages.count(where: { $0 == .byteLevelAlphabet }) == 1 {
            stages.removeLast()
            isByteLevel = true
        } else {
            isByteLevel = false
        }
        self.stages = stages
    }

    /// Whether a text without spaces stays one word.
    var keepsTextWithoutSpaces: Bool {
        stages.allSatisfy {
            $0 == .split(MatchSplitter(matcher: LiteralMatcher(literal: Array(" ".utf8)), behavior: .mergedWithPrevious))
        }
    }

    /// Whether all that it does is to write spaces as `▁`.
    var onlyMarksSpaces: Bool { stages == [.metaspace(Metaspace(mark: Array("▁".utf8), prefix: .never))] }

    /// Whether the start of a text is marked unlike other pieces.
    var marksStart: Bool {
        stages.contains { if case .metaspace(let metaspace) = $0 { metaspace.prefix == .first } else { false } }
    }

    /// Calls `body` with each word of a text, in order. A word is never empty.
    func forEachWord<Origin: TextOrigin>(
        in text: UTF8Bytes, _ origin: Origin, _ body: (UTF8Bytes, Origin) throws(TokenizerError) -> Void
    ) throws(TokenizerError) {
        if !text.isEmpty { try cut(text, from: 0, origin, body) }
    }

    /// Cuts a text by the stages from an index on.
    private func cut<Origin: TextOrigin>(
        _ text: UTF8Bytes, from index: Int, _ origin: Origin,
        _ body: (UTF8Bytes, Origin) throws(TokenizerError) -> Void
    ) throws(TokenizerError) {
        guard index < stages.count else { return try body(text, origin) }
        /// Hands a part of this text to the next stage.
        func pass(_ range: Range<Int>) throws(TokenizerError) {
            guard !range.isEmpty else { return }
            try cut(text.slice(range), from: index + 1, origin.part(from: range.lowerBound), body)
        }
        /// Hands the next stage what this one made of the text.
        func rewrite(_ rewritten: [UInt8], _ sources: () -> [Int32]) throws(TokenizerError) {
            try rewritten.withUnsafeBufferPointer { rewritten throws(TokenizerError) in
                try origin.withRewritten(sources) { origin throws(TokenizerError) in
                    try cut(rewritten, from: index + 1, origin, body)
                }
            }
        }
        switch stages[index] {
        case .words(let pattern):
            let classes = CharacterClasses.shared
            var start = 0
            while start < text.count {
                let end = pattern.endOfWord(from: start, in: text, classes)
                try pass(start..<end)
                start = end
            }
        case .split(let splitter):
            try splitter.forEachPiece(of: text, pass)
        case .prefixSpace:
            guard text[0] != UInt8(ascii: " ") else { return try pass(0..<text.count) }
            try rewrite([UInt8(ascii: " ")] + text) { [0] + (0..<Int32(text.count)) }
        case .metaspace(let metaspace):
            let marked = metaspace.marked(text, startsText: origin.startsSource)
            try rewrite(marked) { metaspace.sources(ofMarked: marked.count, text) }
        case .byteLevelAlphabet:
            try rewrite(text.flatMap { ByteLevelAlphabet.spellings[Int($0)] }) {
                text.indices.flatMap { repeatElement(Int32($0), count: ByteLevelAlphabet.spellings[Int(text[$0])].count) }
            }
        }
    }
}

extension PreTokenizer: Equatable {
    static func == (left: PreTokenizer, right: PreTokenizer) -> Bool {
        left.stages == right.stages && left.isByteLevel == right.isByteLevel
    }
}

extension PreTokenizer.Stage: Equatable {
    static func == (left: PreTokenizer.Stage, right: PreTokenizer.Stage) -> Bool {
        switch (left, right) {
        case (.words(let left), .words(let right)): left == right
        case (.split(let left), .split(let right)): left.isEqual(to: right)
        case (.prefixSpace, .prefixSpace), (.byteLevelAlphabet, .byteLevelAlphabet): true
        case (.metaspace(let left), .metaspace(let right)): left == right
        default: false
        }
    }
}
