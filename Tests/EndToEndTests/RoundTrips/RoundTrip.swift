import Foundation
import LoRA
import Model
import Tensor
import TestSupport
import Testing

/// A model or an adapter goes out in a format of others, or comes in from one, and answers the same on both sides.
enum RoundTrip {
    /// Rows of ids, one of a single token and one that reaches beyond the positions of which the scaled models say that
    /// they were trained on.
    static func rows(vocabulary: Int, lengths: [Int] = [1, 13, 90]) -> [[Int]] {
        var generator = RandomGenerator(seed: 11)
        return lengths.map { length in (0..<length).map { _ in Int(generator.next(below: UInt64(vocabulary))) } }
    }

    /// A model whose every parameter counts: ones would hide a norm that is not read, and as small as weights start
    /// all tokens would be alike.
    static func model(_ configuration: ModelConfiguration, seed: UInt64 = 5) throws -> LanguageModel {
        let model = try LanguageModel(configuration, seed: seed)
        var generator = RandomGenerator(seed: seed)
        for (place, tensor) in model.placedParameters {
            let isNorm = tensor.shape.count == 1
            let size: Float = place == .embedding ? 0.5 : 0.12
            tensor.withMutableValues { values in
                for index in values.indices { values[index] = isNorm ? 1 + 0.1 * generator.normal() : size * generator.normal() }
            }
        }
        return model
    }

    /// Adapters of every kind that PEFT has too.
    static let adapters: [(name: String, configuration: LoRAConfiguration)] = {
        var ranks = LoRAConfiguration(
            targets: .allLinear, rank: PerModule(4, [.init(.attention, 2), .init(.name("down_proj"), 6)]),
            alpha: PerModule(3, [.init(.name("layers.1.mlp.up_proj"), 10), .init(.name("q_proj"), 5)]))
        var stabilized = ranks
        stabilized.usesRankStabilizedScale = true
        var dora = LoRAConfiguration(targets: .allLinear, rank: 3, scale: 0.7)
        dora.usesDoRA = true
        ranks.dropout = 0.25
        return [
            ("square", LoRAConfiguration(rank: 4)), ("ranks", ranks), ("rslora", stabilized), ("dora", dora),
            ("a layer", LoRAConfiguration(targets: .modules(["layers.0.self_attn.k_proj", "layers.1.mlp.gate_proj"]), rank: 5, scale: 2)),
        ]
    }()

    /// Adapters of the embedding, of the output projection and of what is trained whole, as PEFT has them.
    static let wholeAdapters: [(name: String, configuration: LoRAConfiguration)] = {
        let both = LoRAConfiguration(targets: ModuleTargets(parsing: "attention,embed_tokens,lm_head"), rank: 3, scale: 1.5)
        var saved = LoRAConfiguration(targets: .attention, rank: 2)
        saved.modulesToSave = ["embed_tokens", "lm_head"]
        var norms = saved
        norms.modulesToSave = ["norm", "mlp.up_proj"]
        var rows = LoRAConfiguration(targets: .attention, rank: 2)
        rows.trainedTokens = [7, 3, 60]
        return [("embedding and output", both), ("saved", saved), ("norms and a layer", norms), ("rows of tokens", rows)]
    }()

    /// A Llama whose embedding and output projection are two.
    static func untiedModel(vocabulary: Int) throws -> LanguageModel {
        try model(
            HuggingFaceConfiguration([
                "model_type": "llama", "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4,
                "num_key_value_heads": 2, "vocab_size": .integer(vocabulary), "tie_word_embeddings": false,
            ]).model)
    }

    /// Expects the scores of `model` on rows to be others' for them.
    static func expectScores(
        of model: LanguageModel, _ theirs: StateDictionary, on rows: [[Int]], within tolerance: Float, _ what: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        #expect(theirs.count == rows.count, "\(what)", sourceLocation: sourceLocation)
        for (index, row) in rows.enumerated() {
            let expected = try #require(theirs[String(index)]).floats()
            let difference = largestDifference(try model.scores(row), expected)
            #expect(difference < tolerance, "\(what), row \(index)", sourceLocation: sourceLocation)
        }
    }
}

extension LanguageModel {
    /// The scores behind every token of a text.
    func scores(_ ids: [Int]) throws -> [Float] {
        try ComputeContext.withoutGradient {
            logits(try hiddenStates(TokenRow(packed: ids.map(Int32.init), segmentOffsets: [0, ids.count]))).values
        }
    }
}

extension LoRAAdapter {
    /// Gives it values as after a training: a new adapter's B is zero.
    func fill(seed: UInt64 = 3, size: Float = 0.15) {
        var generator = RandomGenerator(seed: seed)
        for (_, update) in updates {
            for factor in [update.factors.a, update.factors.b] {
                factor.withMutableValues { values in for index in values.indices { values[index] = size * generator.normal() } }
            }
            update.magnitude?.values.withMutableValues { values in
                for index in values.indices { values[index] *= 1 + 0.1 * generator.normal() }
            }
        }
        let whole = tokenRows.map(\.rows.values) + (own?.tensors ?? []).filter { own?.trained.contains($0.place) == true }.map(\.tensor)
        for tensor in whole {
            tensor.withMutableValues { values in for index in values.indices { values[index] *= 1 + 0.3 * generator.normal() } }
        }
    }
}

/// A folder that goes when the test ends.
func withFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
    let folder = try Paths.temporaryFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try body(folder)
}

/// The bundled base.
enum TinyBase {
    static let folder = Paths.package.appendingPathComponent("Examples/tiny").path
    static let path = folder + "/rlhf_192.pth"
    static func model() throws -> LanguageModel { try LanguageModel(ModelFile.open(path)) }

    static func questions() throws -> [String] {
        try String(contentsOfFile: folder + "/questions.jsonl", encoding: .utf8).split(separator: "\n").compactMap {
            try JSON(parsing: String($0))["prompt"]?.string
        }
    }

    /// What a tokenizer has to take apart: the questions, Chinese, blanks, digits, signs, special tokens.
    static func texts() throws -> [String] {
        try questions() + [
            "", " ", "\n\n  x\t y ", "天空为什么是蓝色的？", "It's 12345.678, isn't it?", "<|im_start|>user\n你好<|im_end|>\n", "naïve 🤖 ﬁn",
            "  def f(x):\n    return x + 1\n",
        ]
    }
}
