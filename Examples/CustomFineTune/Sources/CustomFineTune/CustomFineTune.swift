// The bundled model knows capitals; this teaches it to ask for more behind its answer, also of countries that it does
// not meet while it learns. A dataset of our own, ranks a layer, a schedule, a callback, evaluation,
// merging, generation.
//
// usage: swift run -c release CustomFineTune [folder of the base [folder of the results]]
import LoRATrain

@main
struct CustomFineTune {
    static func main() throws {
        let arguments = CommandLine.arguments.dropFirst()
        let baseFolder = arguments.first ?? "../tiny"
        let outFolder = arguments.dropFirst().first ?? "out"

        // The base, and what it knows of words.
        Parallel.threads = Parallel.cores
        let model = try LanguageModel(contentsOf: baseFolder + "/rlhf_192.pth")
        let tokenizer = try Tokenizer(folder: baseFolder)
        guard let source = tokenizer.chatTemplate else { fatalError("\(baseFolder) has no chat template") }
        let template = try ChatTemplate(source: source)
        let table = baseFolder + "/corpus/countries.tsv"
        let lessons = try Capitals(tokenizer, template, table: table, heldBack: false)
        let exam = try Capitals(tokenizer, template, table: table, heldBack: true)

        // Adapters on every linear layer; the last layer and all feed-forward networks get more room.
        let ranks = PerModule(4, [.init(.pattern("layers.3.*"), 16), .init(.mlp, 8)])
        let adapter = try LoRAAdapter(on: model, LoRAConfiguration(targets: .allLinear, rank: ranks), seed: 1)

        // The published loss and optimizer, with a schedule of our own.
        let loader = DataLoader(lessons, batchSize: 8, order: .shuffled(seed: 1))
        let epochs = 12
        var configuration = TrainerConfiguration()
        configuration.precision = .float32
        let trainer = Trainer(
            NextTokenLoss(model), parameters: adapter.parameters, optimizer: AdamW(adapter.parameters.map(\.tensor)),
            schedule: TriangularSchedule(peak: 2e-3, totalSteps: epochs * loader.batchesPerEpoch), configuration: configuration)

        /// The model's own words.
        func answer(to question: Int) throws -> String {
            tokenizer.decode(try model.generate(from: exam.prompt(question), maximumTokens: 48, ends: tokenizer.endIDs))
        }

        let evaluator = Evaluator(exam, batchSize: 16, precision: .float32)
        func examine(_ moment: String) throws {
            guard let (result, _) = try evaluator.evaluate(model) else { return }
            let right = try exam.questions.indices.count { try answer(to: $0) == exam.questions[$0].answer }
            print("\(moment): loss \(rounded(result.loss)), perplexity \(rounded(result.perplexity)), \(right) of \(exam.count) right")
        }

        // The callback: says how it goes, and stops once the lessons are learnt.
        var stopper = LossLimit(0.01)
        try examine("before")
        try trainer.fit(loader, epochs: epochs) { report in
            stopper.append(report)
            if report.stepInEpoch == 0, report.epoch.isMultiple(of: 5) {
                print("epoch \(report.epoch + 1): loss \(rounded(Double(report.loss ?? .nan)))")
            }
        } isStopping: {
            stopper.isReached
        }
        try examine("after")

        // The adapter for whoever has the base, and a model for whoever has not.
        try adapter.write(to: outFolder + "/capitals_192.pth")
        adapter.merge()
        try examine("merged")
        try model.saved().write(to: outFolder + "/answering_192.pth")
        print("written: \(outFolder)/capitals_192.pth and answering_192.pth")
    }
}

private func rounded(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }
