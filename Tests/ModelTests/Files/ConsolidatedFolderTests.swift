import Foundation
import Tensor
import TestSupport
import Testing

@testable import Model

/// Weights as Meta and Mistral publish them: `Fixtures/consolidated/make_fixtures.py`.
@Suite("Consolidated weights")
struct ConsolidatedFolderTests {
    private static func path(_ name: String) -> String { Paths.fixture("ModelTests", "consolidated/\(name)") }

    private static func copy(_ name: String) throws -> String {
        let folder = try Paths.temporaryFolder() + "/model"
        try FileManager.default.copyItem(atPath: path(name), toPath: folder)
        return folder
    }

    @Test(
        "Logits are those of transformers, whether the folder is named, its weights or its settings",
        arguments: [
            ("llama", "", "Llama"), ("llama", "/", "Llama"), ("llama", "/consolidated.00.pth", "Llama"),
            ("llama", "/params.json", "Llama"), ("mistral", "", "Mistral"), ("mistral", "/consolidated.safetensors", "Mistral"),
        ])
    func golden(_ name: String, _ ending: String, _ family: String) throws {
        let file = try ModelFile.open(Self.path(name) + ending)
        #expect(file.kind == .consolidated && file.configuration.family.name == family)
        #expect(file.summary.hasPrefix("consolidated weights: \(family), dim 32, 2 layers, 4 heads (2 of keys and values), vocabulary 32"))
        let json = try JSON(parsing: Foundation.Data(contentsOf: URL(fileURLWithPath: Self.path(name) + "/expected.json")))
        let tokens = try #require(json["tokens"]?.array).compactMap { $0.integer.map(Int32.init) }
        let logits = try #require(json["logits"]?.array).compactMap { $0.number.map { Float($0) } }
        #expect(relativeError(try LanguageModel(file).scores(tokens), logits) < 1e-5 && tokens.count == 12)
    }

    @Test("What Meta's files leave out is as published")
    func facts() throws {
        let model = try ModelFile.open(Self.path("llama")).configuration
        #expect(
            model.ropeScaling == .llama3(factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalPositions: 8192)
                && model.ropeTheta == 500_000 && model.contextLength == 131_072 && model.normEpsilon == 1e-5 && model.hiddenDim == 48
                && !model.tiesEmbedding)
        let mistral = try ModelFile.open(Self.path("mistral")).configuration
        #expect(mistral.windows == [5, 5] && mistral.headDim == 12 && mistral.ropeTheta == 10_000 && mistral.ropeScaling == nil)

        // Llama 3.2 ties its output, and has another factor.
        let folder = try Self.copy("llama")
        var tensors = try TensorFile.read(folder + "/consolidated.00.pth")
        tensors["output.weight"] = nil
        try PyTorchFile.write(tensors, to: folder + "/consolidated.00.pth")
        let tied = try ModelFile.open(folder).configuration
        #expect(tied.ropeScaling == .llama3(factor: 32, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalPositions: 8192))
        #expect(tied.tiesEmbedding)
        try edit(folder + "/params.json", [("use_scaled_rope", false)])
        #expect(try ModelFile.open(folder).configuration.contextLength == 8192)
    }

    @Test("A folder of transformers that is written is the same model")
    func written() throws {
        let folder = try Paths.temporaryFolder() + "/model"
        let file = try ModelFile.open(Self.path("llama"))
        let model = try LanguageModel(file)
        try model.writeHuggingFaceFolder(to: folder, as: .bfloat16, tokens: file.tokens)
        let written = try ModelFile.open(folder)
        #expect(written.configuration == file.configuration)
        let tokens: [Int32] = [3, 17, 30, 5]
        #expect(try LanguageModel(written).scores(tokens) == model.scores(tokens))
    }

    @Test("Parts, and settings that are not known, are refused by name")
    func refusals() throws {
        for (fields, words) in [
            ([("moe", ["num_experts": 8])], "'moe'"), ([("yarn", ["factor": 4])], "'yarn'"),
            ([("quantization_args", ["scheme": "int8"])], "'quantization_args'"),
            ([("n_heads", nil)], "'n_heads'"), ([("vocab_size", 64)], "'vocab_size' is 64"), ([("dim", 64)], "64"),
            ([("dim", "x")], "'dim'"),
        ] as [([(String, JSON?)], String)] {
            let folder = try Self.copy("llama")
            try edit(folder + "/params.json", fields)
            let error = #expect(throws: (any Error).self) { try LanguageModel(ModelFile.open(folder)) }
            #expect(error.map { "\($0)".contains(words) } == true, "\(words): \(error.map { "\($0)" } ?? "")")
        }
        let folder = try Self.copy("llama")
        try edit(folder + "/params.json", [("moe", [:]), ("use_biases", false)])
        _ = try ModelFile.open(folder)
        try FileManager.default.copyItem(atPath: folder + "/consolidated.00.pth", toPath: folder + "/consolidated.01.pth")
        for ending in ["", "/consolidated.01.pth"] {
            let error = #expect(throws: ModelError.self) { try ModelFile.open(folder + ending) }
            #expect(
                error.map { "\($0)".contains("2 parts (consolidated.00.pth, consolidated.01.pth)") && "\($0)".contains("transformers") }
                    == true)
        }
    }
}
