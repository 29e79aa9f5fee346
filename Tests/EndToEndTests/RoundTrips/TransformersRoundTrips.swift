import Data
import Foundation
import LoRA
import Model
import Tensor
import TestSupport
import Testing

/// Merged models go to Hugging Face's transformers as folders.
@Suite("Round trips: transformers", .enabled(if: Peers.isAvailable, "\(Peers.absence)"))
struct TransformersRoundTrips {
    @Test("A merged folder is base and adapter in AutoModelForCausalLM; one in 16 bits is what it holds")
    func merged() throws {
        try withFolder { folder in
            var cases: [(name: String, model: LanguageModel, expected: [[Float]])] = []
            var commands: [[String]] = []
            let rows = RoundTrip.rows(vocabulary: 320)
            for name in ["v2-classic-dense", "v2-dense", "v3-dense", "v3-moe"] {
                let golden = try Golden(case: name)
                let model = try golden.model()
                let base = try model.scores(rows[1])
                var configuration = LoRAConfiguration(targets: .allLinear, rank: 3, scale: 1.5)
                configuration.usesDoRA = name == "v2-dense"
                let adapter = try LoRAAdapter(on: model, configuration)
                adapter.fill()
                let expected = try rows.map(model.scores)
                #expect(largestDifference(expected[1], base) > 0.01)
                adapter.merge()
                for type in [ElementType.float32, .float16, .bfloat16] {
                    let path = "\(folder)/\(name)-\(type.rawValue)"
                    try model.writeHuggingFaceFolder(to: path, as: type, shardSize: name == "v2-dense" ? 100_000 : 1 << 30)
                    commands.append(["logits", "--model", path, "--ids", try Peers.json(rows)])
                    let written = try LanguageModel(ModelFile.open(path))
                    cases.append((path, written, type == .float32 ? expected : try rows.map(written.scores)))
                }
            }
            let answers = try Peers.tensors(each: commands)
            #expect(answers.count == 12)
            for (case_, theirs) in zip(cases, answers) {
                for (index, scores) in case_.expected.enumerated() {
                    let difference = largestDifference(scores, try #require(theirs[String(index)]).floats())
                    #expect(difference < 1e-4, "\(case_.name), row \(index)")
                }
            }
        }
    }

    @Test("A model of every family, with an adapter merged into it, is what its class computes")
    func families() throws {
        try withFolder { folder in
            let fixtures = Paths.fixture("ModelTests", "families")
            let names = try FileManager.default.contentsOfDirectory(atPath: fixtures).filter { !$0.contains(".") }.sorted()
            let rows = RoundTrip.rows(vocabulary: 48)
            var (commands, expected): ([[String]], [[[Float]]]) = ([], [])
            for name in names {
                let file = try ModelFile.open("\(fixtures)/\(name)")
                let model = try LanguageModel(file)
                let base = try model.scores(rows[1])
                let adapter = try LoRAAdapter(on: model, LoRAConfiguration(targets: .allLinear, rank: 3, scale: 1.5))
                adapter.fill()
                expected.append(try rows.map(model.scores))
                #expect(relativeError(expected[expected.count - 1][1], base) > 1e-3, "\(name)")
                adapter.merge()
                try model.writeHuggingFaceFolder(to: "\(folder)/\(name)", as: .float32, tokens: file.tokens)
                commands.append(["logits", "--model", "\(folder)/\(name)", "--ids", try Peers.json(rows)])
            }
            let answers = try Peers.tensors(each: commands)
            #expect(answers.count == names.count && names.count > 10)
            for (index, theirs) in answers.enumerated() {
                for (row, ours) in expected[index].enumerated() {
                    let error = relativeError(ours, try #require(theirs[String(row)]).floats())
                    #expect(error < 1e-5, "\(names[index]), row \(row)")
                }
            }
        }
    }

    @Test("AutoTokenizer gives our ids with the files that go along, also where the tokenizer came from a GGUF")
    func tokenizers() throws {
        try withFolder { folder in
            let model = try TinyBase.model()
            try model.writeHuggingFaceFolder(to: folder + "/files", as: .float16, tokenizerFolder: TinyBase.folder)
            let tokenizer = try Tokenizer(folder: TinyBase.folder)
            let metadata = try tokenizer.ggufMetadata(vocabularySize: model.configuration.vocabularySize)
            try model.writeGGUF(to: folder + "/model.gguf", as: .float16, tokenizer: metadata.map { ($0.key, $0.value) })
            try model.writeHuggingFaceFolder(to: folder + "/gguf", as: .float16)
            try Tokenizer(gguf: GGUFFile.read(folder + "/model.gguf")).writeHuggingFaceFiles(to: folder + "/gguf")

            let texts = try TinyBase.texts()
            let template = try ChatTemplate(source: #require(tokenizer.chatTemplate))
            let chats = try texts.map {
                try template.render(
                    messages: [Message(role: "user", content: $0)], addGenerationPrompt: true, bosToken: tokenizer.bosToken,
                    eosToken: tokenizer.eosToken)
            }
            let arguments = ["--texts", try Peers.json(texts), "--tokenizer"]
            var commands: [[String]] = []
            for name in ["files", "gguf"] {
                commands.append(["tokenize"] + arguments + ["\(folder)/\(name)"])
                commands.append(["tokenize", "--chat"] + arguments + ["\(folder)/\(name)"])
            }
            let answers = try Peers.run(each: commands)
            #expect(answers.count == 4)
            for (index, answer) in answers.enumerated() {
                let theirs = answer.array?.map { $0["ids"]?.array?.compactMap(\.integer) }
                let ours = try (index % 2 == 0 ? texts : chats).map { try tokenizer.encode($0).map(Int.init) }
                #expect(theirs == ours, "answer \(index)")
                #expect(ours.count > 40)
            }
        }
    }
}
