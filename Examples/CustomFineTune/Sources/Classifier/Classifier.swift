// Trains a classifier on the same modules: does a question ask who the assistant is? A head of two rows and adapters
// below it learn together, by a loss of our own.
//
// usage: swift run -c release Classifier [folder of the base]
import Foundation
import LoRATrain

@main
struct Classifier {
    static func main() throws {
        let folder = CommandLine.arguments.dropFirst().first ?? "../tiny"
        Parallel.threads = Parallel.cores
        let model = try LanguageModel(contentsOf: folder + "/rlhf_192.pth")
        let tokenizer = try Tokenizer(folder: folder)

        /// The first question of each line of a file of conversations.
        func questions(_ name: String) throws -> [String] {
            try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8).split(separator: "\n").compactMap { line in
                try Conversation(record: JSON(parsing: String(line))).messages.first { $0.role == "user" }?.content
            }
        }

        // Questions of who the assistant is, and as many of the others.
        let identity = try questions("lora_identity.jsonl")
        let known = Set(identity)
        let others = try questions("corpus.jsonl").filter { text in
            !known.contains(text) && !["you", "Pebble", "你", "小石"].contains { text.contains($0) }
        }.prefix(identity.count)
        let all = try (identity.map { ($0, 1) } + others.map { ($0, 0) }).map { Labelled(ids: try tokenizer.encode($0.0), label: $0.1) }
        let exam = all.indices.filter { $0 % 4 == 0 }.map { all[$0] }
        let lessons = all.indices.filter { $0 % 4 != 0 }.map { all[$0] }
        let batches = stride(from: 0, to: 8, by: 1).map { part in lessons.indices.filter { $0 % 8 == part }.map { lessons[$0] } }

        let adapter = try LoRAAdapter(on: model, LoRAConfiguration(targets: .attention, rank: 4), seed: 1)
        let objective = HeadLoss(model: model, head: Tensor(repeating: 0, shape: [2, model.configuration.dim]))
        let parameters = adapter.parameters + [(name: "head.weight", tensor: objective.head)]

        func examine(_ moment: String) throws {
            let right = try zip(objective.classes(exam), exam).count { $0 == $1.label }
            print("\(moment): \(right) of \(exam.count) right")
        }

        var configuration = TrainerConfiguration()
        configuration.precision = .float32
        let list = BatchList(batches, order: .shuffled(seed: 1))
        let trainer = Trainer(
            objective, parameters: parameters, optimizer: AdamW(parameters.map(\.tensor)),
            schedule: CosineSchedule(baseRate: 1e-3, totalSteps: 10 * list.batchesPerEpoch), configuration: configuration)
        try examine("before")
        try trainer.fit(list, epochs: 10) { report in
            if report.stepInEpoch == 0 { print("epoch \(report.epoch + 1): loss \(report.loss ?? .nan)") }
        }
        try examine("after")
    }
}
