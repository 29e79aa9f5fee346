import Foundation
import LoRA
import Model
import Tensor
import TestSupport
import Testing

/// `export`, `merge`, `verify` and `inspect`, run on the bundled base.
@Suite("Conversions, end to end", .serialized)
struct ConversionTests {
    private static let base = ["--base_path", TinyBase.path, "--tokenizer_path", TinyBase.folder]

    /// A file of an adapter whose B is not zero.
    private static func adapter(in folder: String, seed: UInt64 = 3) throws -> String {
        let model = try TinyBase.model()
        let adapter = try LoRAAdapter(on: model, LoRAConfiguration(targets: .allLinear, rank: 4, scale: 1.5), seed: seed)
        adapter.fill(seed: seed, size: 0.1)
        let path = "\(folder)/adapter-\(seed).pth"
        try AdapterFile.write(adapter.state, as: .minimind, to: path, for: model.configuration)
        return path
    }

    private static let models: [(output: String, extra: [String], kind: String, type: String, tolerance: String)] = [
        ("folder", [], "Hugging Face folder (llama)", "float16", "0.01"),
        ("full", ["--save_dtype", "float32"], "Hugging Face folder (llama)", "float32", "1e-5"),
        ("model.gguf", [], "GGUF (llama)", "float16", "0.01"),
        ("small.gguf", ["--save_dtype", "q8_0"], "GGUF (llama)", "q8_0", "0.1"),
        ("model.pth", [], "v2-classic, dim 192", "float32", "1e-5"),
        ("half.pth", ["--save_dtype", "bfloat16"], "v2-classic, dim 192", "bfloat16", "0.1"),
    ]

    @Test("A merged model of every format says what it is, is verified, and is no other model")
    func merging() throws {
        try withFolder { folder in
            let adapter = try Self.adapter(in: folder)
            for model in Self.models {
                let output = "\(folder)/\(model.output)"
                let run = try Command(["merge", "--output", output, "--lora_path", adapter] + Self.base + model.extra)
                #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
                #expect(run.output.contains("wrote \(output) (\(model.type))"), "\(run.output)")
                #expect(run.lines.last?.hasPrefix("verified: logits differ by ") == true, "\(run.output)")
                #expect(run.output.contains("merged into 28 modules") == (model.type != "q8_0"), "\(run.output)")

                let same = try Command(["verify", TinyBase.path, output, "--lora_path", adapter, "--tolerance", model.tolerance])
                #expect(same.status == 0 && same.lines.count == 1, "\(same.output)\(same.errors)")
                #expect(same.output.contains("of 256 positions"))
                let other = try Command(["verify", TinyBase.path, output, "--tolerance", "0.2"])
                #expect(
                    other.status == 1 && other.errors.contains("\(TinyBase.path) and \(output) differ: relative error"), "\(other.errors)")

                let inspected = try Command(["inspect", output])
                #expect(inspected.status == 0 && inspected.output.contains(model.kind), "\(inspected.output)")
                #expect(inspected.output.contains(model.type))
                let json = try JSON(parsing: try Command(["inspect", output, "--json", "--tensors"]).output)
                #expect(json["layers"] == 4 && json["dim"] == 192 && (json["tensors"]?.array?.count ?? 0) > 28)
            }
            #expect(FileManager.default.fileExists(atPath: folder + "/folder/tokenizer.json"))
            // Written without looking back, and the base alone.
            let plain = try Command(["export", "--output", folder + "/base.gguf", "--verify", "0", "--save_dtype", "float32"] + Self.base)
            #expect(plain.status == 0 && !plain.output.contains("verified") && !plain.output.contains("merged"), "\(plain.errors)")
            #expect(try Command(["verify", TinyBase.path, folder + "/base.gguf", "--tolerance", "1e-5"]).status == 0)
        }
    }

    @Test("A weight that is not finite is named by whoever looks for it, and taken by nobody")
    func notFinite() throws {
        try withFolder { folder in
            var weights = try TensorFile.read(TinyBase.path)
            let name = "layers.1.attention.wk.weight"
            let stored = try #require(weights[name])
            func write(_ value: Float, _ file: String) throws {
                var values = try stored.floats()
                values[200] = value
                weights[name] = StoredTensor(shape: stored.shape, floats: values)
                try PyTorchFile.write(weights, to: "\(folder)/\(file)")
                try FileManager.default.copyItem(
                    atPath: TinyBase.folder + "/rlhf_192.json", toPath: "\(folder)/\(file.replacing(".pth", with: ".json"))")
            }
            try write(.nan, "nan.pth")
            try write(1e5, "large.pth")
            let inspected = try Command(["inspect", folder + "/nan.pth"])
            #expect(inspected.status == 0 && inspected.output.contains("'\(name)': its value at [1, 8] is nan"), "\(inspected.output)")
            let json = try JSON(parsing: Command(["inspect", folder + "/nan.pth", "--json"]).output)
            #expect(json["not_finite"] == [.string(name)])
            let verified = try Command(["verify", folder + "/nan.pth", folder + "/nan.pth"])
            #expect(verified.status == 1 && verified.output.isEmpty && verified.errors.contains("'\(name)' cannot be read"))
            let half = try Command([
                "export", "--base_path", folder + "/large.pth", "--output", folder + "/half.pth", "--save_dtype", "float16",
            ])
            #expect(half.status == 1 && half.output.isEmpty && half.errors.count { $0 == "\n" } == 1, "\(half.errors)")
            #expect(half.errors.contains("1 weight has values that are not finite as float16: '\(name)' (100000.0 at [1, 8])"))
            #expect(!FileManager.default.fileExists(atPath: folder + "/half.pth"))
            let products = try Command([
                "generate", "--base_path", folder + "/large.pth", "--tokenizer_path", TinyBase.folder, "--prompt", "hi", "--dtype",
                "float16",
            ])
            #expect(products.status == 1 && products.output.isEmpty && products.errors.contains("'\(name)'"), "\(products.errors)")
        }
    }

    @Test("Whatever kind of tokenizer is given goes along with a folder, and one that is none is refused before anything is written")
    func tokenizers() throws {
        try withFolder { folder in
            let export = ["export", "--base_path", TinyBase.path, "--verify", "0", "--output"]
            let gguf = folder + "/base.gguf"
            #expect(try Command(export + [gguf, "--tokenizer_path", TinyBase.folder]).status == 0)
            for (index, path) in [TinyBase.folder, TinyBase.folder + "/tokenizer.json", gguf].enumerated() {
                let output = "\(folder)/\(index)"
                let run = try Command(export + [output, "--tokenizer_path", path])
                #expect(run.status == 0 && run.errors.isEmpty, "\(run.errors)")
                let ids = try Command(["tokenize", "--tokenizer_path", output], input: "\"Who are you? 你是谁？\"\n")
                let wanted = try Command(["tokenize", "--tokenizer_path", TinyBase.folder], input: "\"Who are you? 你是谁？\"\n")
                #expect(ids.status == 0 && ids.output == wanted.output, "\(path): \(ids.output)\(ids.errors)")
            }
            for path in [TinyBase.path, folder] {
                for output in [folder + "/none", folder + "/none.gguf"] {
                    let run = try Command(export + [output, "--tokenizer_path", path])
                    #expect(run.status == 1 && run.errors.hasPrefix("error: ") && run.errors.contains(path), "\(run.errors)")
                    #expect(!FileManager.default.fileExists(atPath: output))
                }
            }
        }
    }

    @Test("An adapter of every format is the same adapter")
    func adapters() throws {
        try withFolder { folder in
            let adapter = try Self.adapter(in: folder)
            for (format, name) in [("peft", "peft"), ("mlx", "mlx"), ("gguf-lora", "lora.gguf"), ("minimind", "lora.pth")] {
                let output = "\(folder)/\(name)"
                let run = try Command(["export", "--format", format, "--output", output, "--lora_path", adapter] + Self.base)
                #expect(run.status == 0, "\(run.errors)")
                #expect(
                    run.lines.first?.hasPrefix("wrote \(output)") == true && run.lines.first?.contains("28 modules") == true,
                    "\(run.output)")
                #expect(run.lines.last?.hasPrefix("verified: ") == true)
                func verify(_ other: String) throws -> Command {
                    try Command([
                        "verify", TinyBase.path, TinyBase.path, "--lora_path", other, "--other_lora_path", output, "--tolerance", "1e-5",
                    ])
                }
                #expect(try verify(adapter).status == 0)
                #expect(try verify(Self.adapter(in: folder, seed: 4)).status == 1)
                let inspected = try Command(["inspect", output])
                #expect(inspected.status == 0 && inspected.output.contains("rank 4"), "\(inspected.output)")
            }
        }
    }

    @Test(
        "What cannot be written is said, and nothing is written",
        arguments: [
            (["merge", "--output", "model.gguf"], "--lora_path"),
            (["merge", "--output", "x", "--format", "peft", "--lora_path", "a.pth"], "export"),
            (["export"], "--output"), (["export", "--output", "model.zip"], "--format"),
            (["export", "--output", "model.pth", "--save_dtype", "q8_0"], "gguf"),
            (["export", "--output", "adapter", "--format", "mlx"], "--lora_path"), (["verify", "a.pth"], "two models"),
            (["inspect"], "inspect"),
        ])
    func refusals(_ arguments: [String], _ word: String) throws {
        try withFolder { folder in
            let base = ["export", "merge"].contains(arguments[0]) ? Self.base : []
            let run = try Command(arguments + base, folder: folder)
            #expect(run.status == 2 && run.errors.contains(word), "\(run.errors)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
        }
    }

    @Test(
        "What the command writes is one model elsewhere: merged or with the adapter beside it",
        .enabled(if: Peers.isAvailable, "\(Peers.absence)"))
    func elsewhere() throws {
        try withFolder { folder in
            let adapter = try Self.adapter(in: folder)
            let full = Self.base + ["--save_dtype", "float32"]
            for (arguments, output) in [
                (["merge", "--lora_path", adapter], "merged"), (["export"], "base"),
                (["export", "--format", "peft", "--lora_path", adapter], "adapter"),
            ] {
                let run = try Command(arguments + ["--output", "\(folder)/\(output)"] + full)
                #expect(run.status == 0, "\(run.errors)")
            }
            let model = try TinyBase.model()
            let rows = RoundTrip.rows(vocabulary: model.configuration.vocabularySize)
            let ids = ["--ids", try Peers.json(rows)]
            let answers = try Peers.tensors(each: [
                ["logits", "--model", folder + "/merged"] + ids,
                ["logits", "--model", folder + "/base", "--adapter", folder + "/adapter"] + ids,
            ])
            _ = try LoRAAdapter(on: model, AdapterFile.read(adapter, for: model.configuration))
            for answer in answers { try RoundTrip.expectScores(of: model, answer, on: rows, within: 1e-4, "elsewhere") }
        }
    }
}
