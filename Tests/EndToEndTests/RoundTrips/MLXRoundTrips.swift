import Foundation
import LoRA
import Model
import Tensor
import TestSupport
import Testing

/// Models and adapters go to mlx-lm, and adapters come from it.
@Suite("Round trips: MLX", .enabled(if: Peers.hasMLX, "\(Peers.absenceOfMLX)"))
struct MLXRoundTrips {
    private static let made: [(name: String, arguments: [String])] = [
        ("lora", ["--rank", "4", "--scale", "2.5", "--keys", "self_attn.q_proj,self_attn.k_proj,mlp.down_proj"]),
        ("a layer", ["--rank", "3", "--layers", "1", "--keys", "self_attn.o_proj,mlp.gate_proj"]),
        ("dora", ["--rank", "2", "--scale", "0.5", "--keys", "self_attn.q_proj,self_attn.v_proj", "--dora"]),
        ("embedding", ["--rank", "2", "--scale", "1.5", "--keys", "self_attn.q_proj,model.embed_tokens"]),
    ]

    @Test("Our folder and adapters are ours in mlx-lm, and mlx-lm's adapters are its own here")
    func both() throws {
        try withFolder { folder in
            let rows = RoundTrip.rows(vocabulary: 320)
            let json = try Peers.json(rows)
            let mlxMade = Self.made
            var (made, commands): ([[String]], [[String]]) = ([], [])
            var pairs: [(what: String, model: () throws -> LanguageModel)] = []
            for name in ["v2-classic-dense", "v2-dense", "v3-dense"] {
                let golden = try Golden(case: name)
                let base = "\(folder)/\(name)"
                try golden.model().writeHuggingFaceFolder(to: base, as: .float32)
                commands.append(["mlx-logits", "--model", base, "--ids", json])
                pairs.append((name, golden.model))
                for (kind, configuration) in RoundTrip.adapters {
                    let model = try golden.model()
                    let adapter = try LoRAAdapter(on: model, configuration)
                    adapter.fill()
                    let path = "\(base)-\(kind)"
                    try AdapterFile.write(adapter.state, as: .mlx, to: path, for: golden.configuration)
                    commands.append(["mlx-logits", "--model", base, "--adapter", path, "--ids", json])
                    pairs.append(("\(name), \(kind)", { model }))
                }
                for (kind, arguments) in mlxMade {
                    let path = "\(base)-made-\(kind)"
                    made.append(["mlx-make", "--model", base, "--out", path] + arguments)
                    commands.append(["mlx-logits", "--model", base, "--adapter", path, "--ids", json])
                    pairs.append(
                        (
                            "\(name), MLX's \(kind)",
                            {
                                let model = try golden.model()
                                _ = try LoRAAdapter(on: model, AdapterFile.read(path, for: golden.configuration))
                                return model
                            }
                        ))
                }
            }
            let untied = try RoundTrip.untiedModel(vocabulary: 320)
            try untied.writeHuggingFaceFolder(to: folder + "/untied", as: .float32)
            let both = try LoRAAdapter(on: untied, RoundTrip.wholeAdapters[0].configuration)
            both.fill()
            try AdapterFile.write(both.state, as: .mlx, to: folder + "/untied-both", for: untied.configuration)
            commands.append(["mlx-logits", "--model", folder + "/untied", "--adapter", folder + "/untied-both", "--ids", json])
            pairs.append(("untied, embedding and output", { untied }))
            let answers = try Peers.tensors(each: commands, after: made)
            #expect(answers.count == 3 * (1 + RoundTrip.adapters.count + Self.made.count) + 1)
            var bare: [Float] = []
            for ((what, model), theirs) in zip(pairs, answers) {
                try RoundTrip.expectScores(of: model(), theirs, on: rows, within: 1e-4, what)
                let scores = try #require(theirs["1"]).floats()
                if what.contains(",") { #expect(largestDifference(scores, bare) > 0.01, "\(what)") } else { bare = scores }
            }
        }
    }
}
