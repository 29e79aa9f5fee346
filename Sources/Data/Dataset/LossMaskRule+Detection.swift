import Tensor

extension LossMaskRule {
    /// Of all of MiniMind's published tokenizers.
    private static let minimindVocabularySize = 6400

    /// The rule that fits a tokenizer and its chat template.
    ///
    /// A short conversation is rendered and looked at:
    /// 1. Where an answer stands between `bos + "assistant\n"` and `eos + "\n"`, as in MiniMind's templates, a published
    ///    rule holds: `minimindV3` if the template knows `<think>`, as the one of 2026 does, else `minimindV2`. Other
    ///    models, such as SmolLM2, write the same; MiniMind's are known by a vocabulary of at most 6400 tokens.
    /// 2. Otherwise header and end are derived, for `delimited`: the header is what a generation prompt adds, as far as
    ///    it also opens the turns of a whole conversation (Llama 3, ChatML without a bos token), or, where a generation
    ///    prompt adds nothing (Mistral), what stands between any question and any answer. The end is what follows any
    ///    answer, up to the token that ends generation if one is in it.
    ///
    /// What is derived is tried on a conversation of two answers before it is trusted. White space that ends the header
    /// need not follow it, where that holds too: a tokenizer may join it with the white space that an answer starts with.
    ///
    /// - Throws: `DatasetError.noLossMaskRule` when no header and end tell the answers from the questions.
    public static func detect(tokenizer: Tokenizer, template: ChatTemplate) throws(DatasetError) -> LossMaskRule {
        let probe = TemplateProbe(tokenizer: tokenizer, template: template)
        let text = try probe.render([.question(0), .answer(0)])
        if tokenizer.vocabularySize <= minimindVocabularySize,
            let bos = tokenizer.bosToken, let eos = tokenizer.eosToken,
            PythonText.contains(bos + "assistant\n", in: text),
            PythonText.contains(TemplateProbe.answers[0] + eos + "\n", in: text)
        {
            if PythonText.contains("<think>", in: template.source) {
                return .minimindV3(header: tokenizer.encode(bos + "assistant\n"), end: tokenizer.encode(eos + "\n"))
            }
            return .minimindV2(header: tokenizer.encode(bos + "assistant"), end: tokenizer.encode(eos))
        }
        let end = try probe.end()
        for header in [try probe.headerOfGenerationPrompt(), try probe.headerBetweenTurns()] {
            let rule = LossMaskRule.delimited(header: header, end: end)
            guard !header.isEmpty, !end.isEmpty, try probe.confirms(rule) else { continue }
            let lenient = LossMaskRule.delimited(header: header, end: end, blanks: probe.blanks(endOf: header))
            return probe.allows(lenient, for: rule) ? lenient : rule
        }
        throw .noLossMaskRule(reason: "in the rendered conversation no fixed tokens stand around every answer")
    }
}

/// A tokenizer and template under examination.
private struct TemplateProbe {
    let tokenizer: Tokenizer
    let template: ChatTemplate

    /// Texts that begin and end with different kinds of characters, so that what all renderings share is the template's.
    static let questions = ["Where is it?", "几点了", "7 times 8"]
    static let answers = ["Over there.", "五十六", "9 o'clock", "(left)"]
    /// Answers whose start a tokenizer may join with what stands before. The header is not derived from them, or it would
    /// lose its own white space, which then counted in every answer.
    static let indentedAnswers = ["    return it", "\n\nAt last."]

    enum Turn {
        case question(Int)
        case answer(Int)
        case indentedAnswer(Int)

        var message: Message {
            switch self {
            case .question(let index): Message(role: "user", content: questions[index])
            case .answer(let index): Message(role: "assistant", content: answers[index])
            case .indentedAnswer(let index): Message(role: "assistant", content: indentedAnswers[index])
            }
        }
    }

    func render(_ turns: [Turn], prompting: Bool = false) throws(DatasetError) -> String {
        do {
            return try template.render(
                messages: turns.map(\.message), addGenerationPrompt: prompting, specialTokens: tokenizer.specialTokens)
        } catch {
            throw .noLossMaskRule(reason: error.description.oneLine)
        }
    }

    private func ids(_ turns: [Turn], prompting: Bool = false) throws(DatasetError) -> [Int32] {
        tokenizer.encode(try render(turns, prompting: prompting))
    }

    /// What follows every answer, up to the token that ends generation if one is in it, be it the eos token or, as
    /// Gemma's `<end_of_turn>`, another.
    func end() throws(DatasetError) -> [Int32] {
        var shared: [Int32]?
        for index in Self.answers.indices {
            let rendered = try ids([.question(0), .answer(index)])
            shared = shared.map { commonSuffix($0, rendered) } ?? rendered
        }
        let end = shared ?? []
        guard let place = end.firstIndex(where: tokenizer.endIDs.contains) else { return end }
        return Array(end[...place])
    }

    /// What a generation prompt adds, as far as a rendered answer opens with it too.
    func headerOfGenerationPrompt() throws(DatasetError) -> [Int32] {
        let bare = try ids([.question(0)])
        let prompted = try ids([.question(0)], prompting: true)
        let answered = try ids([.question(0), .answer(0)])
        guard prompted.starts(with: bare), answered.starts(with: bare) else { return [] }
        return commonPrefix(Array(prompted[bare.count...]), Array(answered[bare.count...]))
    }

    /// What stands between any question and any answer.
    func headerBetweenTurns() throws(DatasetError) -> [Int32] {
        var header: [Int32]?
        for question in Self.questions.indices {
            var opening: [Int32]?
            for answer in Self.answers.indices {
                let rendered = try ids([.question(question), .answer(answer)])
                opening = opening.map { commonPrefix($0, rendered) } ?? rendered
            }
            header = header.map { commonSuffix($0, opening ?? []) } ?? opening
        }
        return header ?? []
    }

    /// How many tokens at the end of a header are nothing but white space; none where all of them are.
    func blanks(endOf header: [Int32]) -> Int {
        let opening = header.reversed().drop { id in
            guard let bytes = tokenizer.bytes(of: id), !bytes.isEmpty, !tokenizer.isSpecial(id) else { return false }
            return bytes.allSatisfy { $0 == UInt8(ascii: " ") || (0x09...0x0D).contains($0) }
        }
        return opening.isEmpty ? 0 : header.count - opening.count
    }

    /// Whether the rule counts two answers of a conversation, and nothing of its questions.
    func confirms(_ rule: LossMaskRule) throws(DatasetError) -> Bool {
        counts(Self.answers[0], Self.answers[1], try sample([.answer(0), .answer(1)], by: rule))
    }

    /// Whether a rule may stand for a stricter one that is confirmed: it does to answers of text what the stricter one
    /// does, and counts those that start with white space.
    func allows(_ rule: LossMaskRule, for strict: LossMaskRule) -> Bool {
        do throws(DatasetError) {
            for answers in [[Turn.answer(0), .answer(1)], [.answer(2), .answer(3)]]
            where try sample(answers, by: rule) != sample(answers, by: strict) { return false }
            // A template may leave the white space out.
            let texts = Self.indentedAnswers.map { PythonText.strip($0) }
            return counts(texts[0], texts[1], try sample([.indentedAnswer(0), .indentedAnswer(1)], by: rule))
        } catch {
            return false
        }
    }

    /// A conversation in which two answers stand behind the first two questions.
    private func sample(_ answers: [Turn], by rule: LossMaskRule) throws(DatasetError) -> Sample {
        let ids = try ids([.question(0), answers[0], .question(1), answers[1]])
        return rule.sample(ids, maxSequenceLength: ids.count, padID: 0)
    }

    private func counts(_ first: String, _ second: String, _ sample: Sample) -> Bool {
        let counted = tokenizer.decode(zip(sample.ids, sample.mask).filter(\.1).map(\.0))
        let rest = tokenizer.decode(zip(sample.ids, sample.mask).filter { !$0.1 }.map(\.0))
        return PythonText.contains(first, in: counted) && PythonText.contains(second, in: counted)
            && PythonText.contains(Self.questions[0], in: rest) && PythonText.contains(Self.questions[1], in: rest)
    }

    private func commonPrefix(_ left: [Int32], _ right: [Int32]) -> [Int32] {
        zip(left, right).prefix { $0 == $1 }.map(\.0)
    }

    private func commonSuffix(_ left: [Int32], _ right: [Int32]) -> [Int32] {
        commonPrefix(left.reversed(), right.reversed()).reversed()
    }
}
