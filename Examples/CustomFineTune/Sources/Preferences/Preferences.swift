// Teaches the bundled model by preferences: of two right answers to an English question the Chinese one is wanted. It
// sees pairs of answers, and which one is preferred; then it prefers Chinese for countries too that it has not met
// while it learnt. (What it says of those is often the capital of another one: the pairs teach a language, not facts.)
//
// usage: swift run -c release Preferences [folder of the base]
import Foundation
import LoRATrain

@main
struct Preferences {
    static func main() throws {
        let folder = CommandLine.arguments.dropFirst().first ?? "../tiny"
        Parallel.threads = Parallel.cores
        let model = try LanguageModel(contentsOf: folder + "/rlhf_192.pth")
        let tokenizer = try Tokenizer(folder: folder)
        guard let source = tokenizer.chatTemplate else { fatalError("\(folder) has no chat template") }
        let template = try ChatTemplate(source: source)

        func prompt(_ question: String) throws -> [Int32] {
            let text = try template.render(
                messages: [Message(role: "user", content: question)], addGenerationPrompt: true, bosToken: tokenizer.bosToken,
                eosToken: tokenizer.eosToken)
            return try tokenizer.encode(text)
        }
        func sample(_ question: String, _ answer: String) throws -> Sample {
            Sample(prompt: try prompt(question), answer: try tokenizer.encode(answer + (tokenizer.eosToken ?? "")))
        }

        // Of each country a pair; every fourth country is held back.
        let table = try String(contentsOfFile: folder + "/corpus/countries.tsv", encoding: .utf8)
        let countries = table.split(separator: "\n").dropFirst().map { $0.split(separator: "\t").map(String.init) }
        let questions = countries.map { "What is the capital of \($0[0])?" }
        let objective = PreferenceLoss(model: model)
        let pairs = try zip(countries, questions).map { country, question in
            let chosen = try sample(question, "\(country[1])的首都是\(country[3])。")
            let rejected = try sample(question, "The capital of \(country[0]) is \(country[2]).")
            var pair = Pair(chosen: chosen, rejected: rejected)
            pair.baseMargin = try objective.margin(pair)
            return pair
        }
        let exam = pairs.indices.filter { $0 % 4 == 0 }
        let lessons = pairs.indices.filter { $0 % 4 != 0 }.map { pairs[$0] }

        func examine(_ moment: String) throws {
            let margins = try exam.map { try objective.margin(pairs[$0]) }
            let mean = margins.reduce(0, +) / Float(margins.count)
            print("\(moment): margin \((mean * 100).rounded() / 100), \(margins.count { $0 > 0 }) of \(margins.count) right")
            for question in exam.prefix(3).map({ questions[$0] }) {
                let answer = try model.generate(from: prompt(question), maximumTokens: 48, ends: tokenizer.endIDs)
                print("    \(question) — \(tokenizer.decode(answer, skipSpecialTokens: true))")
            }
        }

        let adapter = try LoRAAdapter(on: model, LoRAConfiguration(targets: .attention, rank: 8), seed: 1)
        var configuration = TrainerConfiguration()
        configuration.precision = .float32
        let batches = stride(from: 0, to: lessons.count, by: 8).map { Array(lessons[$0..<min($0 + 8, lessons.count)]) }
        let list = BatchList(batches, order: .shuffled(seed: 1))
        let trainer = Trainer(
            objective, parameters: adapter.parameters, optimizer: AdamW(adapter.parameters.map(\.tensor)),
            schedule: CosineSchedule(baseRate: 1e-3, totalSteps: 20 * list.batchesPerEpoch), configuration: configuration)
        try examine("before")
        try trainer.fit(list, epochs: 20) { report in
            if report.stepInEpoch == 0, report.epoch.isMultiple(of: 5) { print("epoch \(report.epoch + 1): loss \(report.loss ?? .nan)") }
        }
        try examine("after")
    }
}
