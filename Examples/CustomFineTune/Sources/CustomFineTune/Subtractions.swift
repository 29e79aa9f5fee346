import LoRATrain

/// A dataset of our own. No file is read: questions are made as they are asked for.
struct Subtractions: SampleSource {
    let tokenizer: Tokenizer
    let template: ChatTemplate
    let questions: [(Int, Int)]

    /// - Parameter heldBack: every fifth question, or all others
    init(_ tokenizer: Tokenizer, _ template: ChatTemplate, upTo limit: Int, heldBack: Bool) {
        self.tokenizer = tokenizer
        self.template = template
        let all = (1...limit).flatMap { a in (0...a).map { b in (a, b) } }
        questions = all.indices.filter { ($0 % 5 == 0) == heldBack }.map { all[$0] }
    }

    var count: Int { questions.count }

    func sample(at index: Int) throws -> Sample {
        let prompt = try prompt(index)
        let answer = tokenizer.encode(answer(index) + (tokenizer.eosToken ?? ""))
        // The answer alone counts.
        return Sample(ids: prompt + answer, mask: prompt.map { _ in false } + answer.map { _ in true })
    }

    /// What the model reads before its answer.
    func prompt(_ index: Int) throws -> [Int32] {
        let (a, b) = questions[index]
        let text = try template.render(
            messages: [Message(role: "user", content: "What is \(a) minus \(b)?")], addGenerationPrompt: true,
            bosToken: tokenizer.bosToken, eosToken: tokenizer.eosToken)
        return tokenizer.encode(text)
    }

    func answer(_ index: Int) -> String {
        let (a, b) = questions[index]
        return "\(a) - \(b) = \(a - b)"
    }
}
