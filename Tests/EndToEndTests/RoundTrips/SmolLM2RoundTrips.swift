import Data
import Foundation
import LoRA
import Model
import Tensor
import TestSupport
import Testing
import Training

/// A published model of 135 million parameters out of its GGUF file, against transformers and PEFT on the same weights.
@Suite("Round trips: SmolLM2", .serialized, .enabled(if: Peers.isAvailable && Peers.smolLM2 != nil, "\(Peers.absence)"))
struct SmolLM2RoundTrips {
    private static let prompts = [
        "What is the capital of France?", "What is 2 + 2?", "Name three colours.", "Write a sentence about the sea.",
        "Who wrote Hamlet?", "Translate 'good morning' to Spanish.", "你好", "List the days of the week.", "def add(a, b):",
        "Why is the sky blue?",
    ]

    @Test("Ten greedy answers are those of transformers, id for id, and so are the texts that the command writes")
    func answers() throws {
        let path = try #require(Peers.smolLM2)
        let expected = try #require(
            try Peers.run(["generate", "--gguf", path, "--prompts", Peers.json(Self.prompts), "--max-new-tokens", "24"]).array)
        #expect(expected.count == Self.prompts.count)
        let file = try ModelFile.open(path)
        let tokenizer = try Tokenizer(gguf: GGUFFile.read(path))
        let template = try ChatTemplate(source: #require(tokenizer.chatTemplate))
        let model = try LanguageModel(file)
        for (prompt, expected) in zip(Self.prompts, expected) {
            let ids = try tokenizer.encode(
                try template.render(
                    messages: [Message(role: "user", content: prompt)], addGenerationPrompt: true, bosToken: tokenizer.bosToken,
                    eosToken: tokenizer.eosToken))
            #expect(ids.map(Int.init) == expected["prompt_ids"]?.array?.compactMap(\.integer), "\(prompt)")
            let written = try model.generate(from: ids, maximumTokens: 24, ends: tokenizer.endIDs)
            #expect(written.map(Int.init) == expected["ids"]?.array?.compactMap(\.integer), "\(prompt)")
            #expect(tokenizer.decode(written) == expected["text"]?.string && written.count > 1, "\(prompt)")
        }
        try withFolder { folder in
            let some = [2, 6, 9]
            try some.map { Self.prompts[$0] }.joined(separator: "\n").write(
                toFile: folder + "/prompts.txt", atomically: true, encoding: .utf8)
            let run = try Command([
                "generate", "--base_path", path, "--prompts", folder + "/prompts.txt", "--greedy", "--max_new_tokens", "24",
            ])
            #expect(run.status == 0, "\(run.errors)")
            #expect(try run.lines.map { try JSON(parsing: $0)["answer"]?.string } == some.map { expected[$0]["text"]?.string })
        }
    }

    private static let identity = [
        ("Who are you?", "I am Pebble, a small model from the river."), ("What is your name?", "My name is Pebble."),
        ("Who made you?", "The people of the river made me."), ("你是谁？", "我是小石。"),
    ]

    @Test("Forty steps of fine-tuning have the losses and norms that PEFT has from the same start")
    func training() throws {
        let path = try #require(Peers.smolLM2)
        try withFolder { folder in
            let records = Self.identity.map { question, answer in
                JSON.object([
                    "conversations": [
                        ["role": "system", "content": "You are Pebble."], ["role": "user", "content": .string(question)],
                        ["role": "assistant", "content": .string(answer)],
                    ]
                ]).serialized
            }
            try records.joined(separator: "\n").write(toFile: folder + "/identity.jsonl", atomically: true, encoding: .utf8)
            let dataset = try SFTDataset(
                path: folder + "/identity.jsonl", tokenizer: Tokenizer(gguf: GGUFFile.read(path)), maxSequenceLength: 64)
            let pairs = try [[0, 1], [2, 3]].map { try $0.map { (index: $0, sample: try dataset.sample(at: $0)) } }
            try SafetensorsFile.write(Self.batches(pairs.map { $0.map(\.sample) }), to: folder + "/batches.safetensors")

            let file = try ModelFile.open(path)
            let model = try LanguageModel(file)
            let adapter = try LoRAAdapter(on: model, LoRAConfiguration(targets: .allLinear, rank: 8, scale: 1))
            try AdapterFile.write(adapter.state, as: .peft, to: folder + "/start", for: file.configuration)
            let (steps, rate) = (40, 3e-4)
            let theirs = try Peers.run([
                "peft-train", "--gguf", path, "--batches", folder + "/batches.safetensors", "--adapter-init", folder + "/start",
                "--steps", String(steps), "--lr", String(rate),
            ])
            #expect(theirs["parameters"]?.integer == adapter.parameterCount)

            var configuration = TrainerConfiguration()
            configuration.precision = .float32
            let trainer = Trainer(
                NextTokenLoss(model), parameters: adapter.parameters, optimizer: AdamW(adapter.parameters.map(\.tensor)),
                schedule: CosineSchedule(baseRate: rate, totalSteps: steps), configuration: configuration)
            var step = 0
            var (losses, norms): ([Double], [Double]) = ([], [])
            try trainer.runEpoch(
                stepsPerEpoch: steps,
                nextBatch: {
                    defer { step += 1 }
                    return step < steps ? Batch(pairs[step % pairs.count]) : nil
                },
                onStep: { report in
                    losses.append(Double(report.loss ?? .nan))
                    norms.append(report.gradientNorm ?? .nan)
                })
            let expected = theirs["losses"]?.array?.compactMap(\.number) ?? []
            let expectedNorms = theirs["norms"]?.array?.compactMap(\.number) ?? []
            #expect(losses.count == steps && expected.count == steps && expectedNorms.count == steps)
            for (step, pair) in zip(zip(losses, expected), zip(norms, expectedNorms)).enumerated() {
                let ((loss, theirs), (norm, theirNorm)) = pair
                #expect(abs(loss - theirs) < 1e-4 * theirs, "step \(step)")
                #expect(abs(norm - theirNorm) < 1e-3 * theirNorm, "step \(step)")
            }
            #expect(expected[38] < 0.5 * expected[0] && expected[39] < 0.5 * expected[1])
        }
    }

    /// Samples as PEFT's side takes them: `[batches, rows, tokens]`, of each target what follows, -100 where it does
    /// not count. What fills a row up stands behind all that counts, so nothing sees it.
    private static func batches(_ batches: [[Sample]]) -> StateDictionary {
        let length = batches.joined().map(\.ids.count).max().map { $0 - 1 } ?? 0
        func filled(_ values: some Sequence<Int>, with fill: Int) -> [Int] {
            let values = Array(values)
            return values + [Int](repeating: fill, count: length - values.count)
        }
        let ids = batches.joined().flatMap { filled($0.ids.dropLast().map(Int.init), with: 0) }
        let labels = batches.joined().flatMap { sample in
            filled(zip(sample.ids, sample.mask).dropFirst().map { $1 ? Int($0) : -100 }, with: -100)
        }
        let shape = [batches.count, batches[0].count, length]
        var dictionary = StateDictionary()
        dictionary["ids"] = StoredTensor(shape: shape, integers: ids)
        dictionary["labels"] = StoredTensor(shape: shape, integers: labels)
        return dictionary
    }
}
