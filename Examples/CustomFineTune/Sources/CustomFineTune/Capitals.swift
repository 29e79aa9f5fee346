import Foundation
import LoRATrain

/// A dataset of our own: a table of countries, of each of which two questions are made, in English and in Chinese.
struct Capitals: SampleSource {
    let tokenizer: Tokenizer
    let template: ChatTemplate
    let questions: [(question: String, answer: String)]

    /// - Parameter heldBack: every fourth country, or all others
    init(_ tokenizer: Tokenizer, _ template: ChatTemplate, table path: String, heldBack: Bool) throws {
        self.tokenizer = tokenizer
        self.template = template
        let rows = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").dropFirst()
            .map { $0.split(separator: "\t").map(String.init) }
        questions = rows.indices.filter { ($0 % 4 == 0) == heldBack }.flatMap { index in
            let row = rows[index]
            return [
                ("What is the capital of \(row[0])?", "The capital of \(row[0]) is \(row[2]). Anything else?"),
                ("\(row[1])的首都是哪里？", "\(row[1])的首都是\(row[3])。还有问题吗？"),
            ]
        }
    }

    var count: Int { questions.count }

    func sample(at index: Int) throws -> Sample {
        let prompt = try prompt(index)
        let answer = try tokenizer.encode(questions[index].answer + (tokenizer.eosToken ?? ""))
        return Sample(prompt: prompt, answer: answer)
    }

    /// What the model reads before its answer.
    func prompt(_ index: Int) throws -> [Int32] {
        let text = try template.render(
            messages: [Message(role: "user", content: questions[index].question)], addGenerationPrompt: true,
            bosToken: tokenizer.bosToken, eosToken: tokenizer.eosToken)
        return try tokenizer.encode(text)
    }
}
