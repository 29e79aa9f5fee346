// Teaches the bundled model by preferences: of two answers to a question, the one that begins with a kind word is
// wanted. It learns from the pairs alone, and prefers such answers to questions that it has not met, too.
//
// usage: swift run -c release Preferences [folder of the base]
import Foundation
import LoRATrain

@main
struct Preferences {
    static func main() throws {
        let folder = CommandLine.arguments.dropFirst().first ?? "../tiny"
        Parallel.threads = Parallel.cores
        let model = try MiniMind(contentsOf: folder + "/rlhf_192.pth")
        let tokenizer = try Tokenizer(folder: folder)
        guard let source = tokenizer.chatTemplate else { fatalError("\(folder) has no chat template") }
        let template = try ChatTemplate(source: source)

        func prompt(_ question: String) throws -> [Int32] {
            let text = try template.render(
                messages: [Message(role: "user", content: question)], addGenerationPrompt: true, bosToken: tokenizer.bosToken,
                eosToken: tokenizer.eosToken)
            return tokenizer.encode(text)
        }
        func sample(_ question: String, _ answer: String) throws -> Sample {
            let (before, after) = (try prompt(question), tokenizer.encode(answer + (tokenizer.eosToken ?? "")))
            return Sample(ids: before + after, mask: before.map { _ in false } + after.map { _ in true })
        }

        // The first exchange of 64 conversations, with a kind word and without; every fourth is held back.
        let lines = try String(contentsOfFile: folder + "/corpus.jsonl", encoding: .utf8).split(separator: "\n").prefix(64)
        let exchanges = try lines.map { try Conversation(record: JSON(parsing: String($0))).messages }
        let objective = PreferenceLoss(model: model)
        let pairs = try exchanges.map { messages in
            let (question, answer) = (messages[0].content, messages[1].content)
            var pair = Pair(chosen: try sample(question, "Sure! " + answer), rejected: try sample(question, answer))
            pair.baseMargin = try ComputeContext.withoutGradient { try objective.margin(pair).scalar }
            return pair
        }
        let exam = pairs.indices.filter { $0 % 4 == 0 }
        let lessons = pairs.indices.filter { $0 % 4 != 0 }.map { pairs[$0] }

        func examine(_ moment: String) throws {
            let margins = try ComputeContext.withoutGradient { try exam.map { try objective.margin(pairs[$0]).scalar } }
            let mean = margins.reduce(0, +) / Float(margins.count)
            print("\(moment): margin \((mean * 100).rounded() / 100), \(margins.count { $0 > 0 }) of \(margins.count) right")
            let question = exchanges[exam[0]][0].content
            let answer = try model.generate(from: prompt(question), maximumTokens: 48, ends: tokenizer.endIDs)
            print("    \(question) — \(tokenizer.decode(answer, skipSpecialTokens: true))")
        }

        let adapter = try LoRAAdapter(on: model, LoRAConfiguration(targets: .attention, rank: 8), seed: 1)
        var configuration = TrainerConfiguration()
        configuration.precision = .float32
        let batches = stride(from: 0, to: lessons.count, by: 8).map { Array(lessons[$0..<min($0 + 8, lessons.count)]) }
        let list = BatchList(batches, order: .shuffled(seed: 1))
        let trainer = Trainer(
            objective, parameters: adapter.parameters, optimizer: AdamW(adapter.parameters.map(\.tensor)),
            schedule: CosineSchedule(baseRate: 1e-3, totalSteps: 8 * list.batchesPerEpoch), configuration: configuration)
        try examine("before")
        try trainer.fit(list, epochs: 8) { report in
            if report.stepInEpoch == 0 { print("epoch \(report.epoch + 1): loss \(report.loss ?? .nan)") }
        }
        try examine("after")
    }
}
