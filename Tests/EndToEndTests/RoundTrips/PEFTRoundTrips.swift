import Foundation
import LoRA
import Model
import Tensor
import TestSupport
import Testing

/// Adapters go to Hugging Face's PEFT and come from it.
@Suite("Round trips: PEFT", .enabled(if: Peers.isAvailable, "\(Peers.absence)"))
struct PEFTRoundTrips {
    private static let cases = ["v2-classic-dense", "v2-dense", "v3-dense"]

    /// What was written, and the model with its adapter that it has to agree with.
    private struct Exported {
        let what: String
        let model: LanguageModel
        let adapter: LoRAAdapter
        let rows: [[Int]]
    }

    @Test("Base and adapter as we write them, trained ones and random ones of every kind, are ours in PEFT")
    func written() throws {
        try withFolder { folder in
            var exported: [Exported] = []
            var commands: [[String]] = []
            func export(_ name: String, _ what: String, _ adapted: (Golden, LanguageModel) throws -> LoRAAdapter) throws {
                let golden = try Golden(case: name)
                let model = try golden.model()
                if !FileManager.default.fileExists(atPath: "\(folder)/\(name)") {
                    try model.writeHuggingFaceFolder(to: "\(folder)/\(name)", as: .float32)
                }
                let adapter = try adapted(golden, model)
                let path = "\(folder)/\(exported.count)"
                try AdapterFile.write(adapter.state, as: .peft, to: path, for: model.configuration)
                let rows = RoundTrip.rows(vocabulary: golden.configuration.vocabularySize)
                exported.append(Exported(what: "\(name), \(what)", model: model, adapter: adapter, rows: rows))
                commands.append(["logits", "--model", "\(folder)/\(name)", "--adapter", path, "--ids", try Peers.json(rows)])
            }
            for name in Self.cases {
                try export(name, "trained") { golden, model in
                    try LoRAAdapter(on: model, AdapterFile.read(golden.folder + "/lora_trained.pth", for: golden.configuration))
                }
                for (kind, configuration) in RoundTrip.adapters + RoundTrip.wholeAdapters {
                    try export(name, kind) { _, model in
                        let adapter = try LoRAAdapter(on: model, configuration)
                        adapter.fill()
                        return adapter
                    }
                }
            }
            try export("v3-moe", "attention") { _, model in
                let adapter = try LoRAAdapter(on: model, LoRAConfiguration(targets: .attention, rank: 4, scale: 1.5))
                adapter.fill()
                return adapter
            }
            let answers = try Peers.tensors(each: commands)
            #expect(answers.count == Self.cases.count * (RoundTrip.adapters.count + RoundTrip.wholeAdapters.count + 1) + 1)
            for (case_, theirs) in zip(exported, answers) {
                try RoundTrip.expectScores(of: case_.model, theirs, on: case_.rows, within: 1e-4, case_.what)
                case_.adapter.detach()
                let base = try case_.model.scores(case_.rows[1])
                #expect(largestDifference(base, try #require(theirs["1"]).floats()) > 0.01, "\(case_.what) changes nothing")
            }
        }
    }

    @Test("An adapter of a family with names of its own is the same on both sides")
    func ownNames() throws {
        try withFolder { folder in
            let base = Paths.fixture("ModelTests", "families/lfm2")
            let rows = RoundTrip.rows(vocabulary: 48)
            let model = try LanguageModel(ModelFile.open(base))
            let adapter = try LoRAAdapter(on: model, LoRAConfiguration(targets: .allLinear, rank: 3, scale: 1.5))
            adapter.fill()
            try AdapterFile.write(adapter.state, as: .peft, to: folder + "/ours", for: model.configuration)
            let made = [
                "peft-make", "--model", base, "--out", folder + "/theirs", "--rank", "4", "--alpha", "6", "--targets", "all-linear",
            ]
            let answers = try Peers.tensors(
                each: try ["ours", "theirs"].map {
                    ["logits", "--model", base, "--adapter", "\(folder)/\($0)", "--ids", try Peers.json(rows)]
                }, after: [made])
            try RoundTrip.expectScores(of: model, answers[0], on: rows, within: 1e-4, "ours")
            adapter.detach()
            #expect(largestDifference(try model.scores(rows[1]), try #require(answers[0]["1"]).floats()) > 0.01)
            let theirs = try AdapterFile.read(folder + "/theirs", for: model.configuration)
            #expect(Set(theirs.modules.map(\.place)) == Set(model.linears.map(\.place)))
            _ = try LoRAAdapter(on: model, theirs)
            try RoundTrip.expectScores(of: model, answers[1], on: rows, within: 1e-4, "theirs")
        }
    }

    private static let models: [(name: String, arguments: [String])] = [
        ("llama", ["llama"]),
        ("llama-16", ["llama", "--dtype", "bfloat16", "--shards", "3", "--published"]),
        ("llama3", ["llama", "--untied", "--config", llama3]),
        ("llama3-published", ["llama", "--untied", "--published", "--config", llama3]),
        ("llama-yarn", ["llama", "--published", "--config", yarn]),
        ("qwen3", ["qwen3", "--published"]),
        ("qwen3-16", ["qwen3", "--dtype", "float16", "--shards", "2", "--untied"]),
        ("qwen3-yarn", ["qwen3", "--config", yarn]),
        ("qwen3-moe", ["qwen3_moe"]),
    ]
    private static let llama3 =
        #"{"rope_parameters": {"rope_type": "llama3", "rope_theta": 5000.0, "factor": 8.0, "low_freq_factor": 1.0, "#
        + #""high_freq_factor": 4.0, "original_max_position_embeddings": 64}}"#
    private static let yarn =
        #"{"rope_parameters": {"rope_type": "yarn", "rope_theta": 10000.0, "factor": 4.0, "original_max_position_embeddings": 64}}"#

    private static let adapters: [(name: String, arguments: [String])] = [
        ("plain", ["--rank", "4", "--alpha", "6", "--targets", "all-linear"]),
        ("rslora", ["--rank", "5", "--alpha", "3", "--targets", "q_proj,v_proj", "--rslora"]),
        (
            "patterns",
            [
                "--rank", "4", "--targets", "all-linear", "--config",
                #"{"rank_pattern": {"q_proj": 3, "layers.1.mlp.down_proj": 6}, "alpha_pattern": {"k_proj": 9, "^model.layers.0.self_attn.q_proj": 2}}"#,
            ]
        ),
        ("dora", ["--rank", "2", "--alpha", "3", "--targets", "q_proj,k_proj,o_proj,down_proj", "--dora"]),
    ]

    @Test("Models and adapters as transformers and PEFT write them are theirs here")
    func read() throws {
        try withFolder { folder in
            let rows = RoundTrip.rows(vocabulary: 320)
            var made: [[String]] = []
            var commands: [[String]] = []
            var pairs: [(model: String, adapter: String?)] = []
            for model in Self.models {
                let path = "\(folder)/\(model.name)"
                made.append(["make-model", "--out", path, "--kind"] + model.arguments)
                commands.append(["logits", "--model", path, "--ids", try Peers.json(rows)])
                pairs.append((model.name, nil))
                for adapter in Self.adapters {
                    // PEFT adapts the experts as one tensor, which has no linears of these names.
                    if model.name == "qwen3-moe", adapter.name != "rslora" { continue }
                    let adapterPath = "\(path)-\(adapter.name)"
                    made.append(["peft-make", "--model", path, "--out", adapterPath] + adapter.arguments)
                    commands.append(["logits", "--model", path, "--adapter", adapterPath, "--ids", try Peers.json(rows)])
                    pairs.append((model.name, adapter.name))
                }
            }
            let answers = try Peers.tensors(each: commands, after: made)
            #expect(answers.count == Self.models.count + (Self.models.count - 1) * Self.adapters.count + 1)
            var bare: [Float] = []
            for ((name, adapter), theirs) in zip(pairs, answers) {
                let file = try ModelFile.open("\(folder)/\(name)")
                let model = try LanguageModel(file)
                if let adapter {
                    _ = try LoRAAdapter(on: model, AdapterFile.read("\(folder)/\(name)-\(adapter)", for: file.configuration))
                }
                try RoundTrip.expectScores(of: model, theirs, on: rows, within: 1e-4, "\(name), \(adapter ?? "alone")")
                let scores = try #require(theirs["1"]).floats()
                if adapter == nil { bare = scores } else { #expect(largestDifference(scores, bare) > 0.01) }
            }
        }
    }
}
