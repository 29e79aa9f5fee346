import Foundation
import Tensor
import TestSupport
import Testing

/// A base whose weights are packed, by every command that takes one.
@Suite("A packed base, end to end")
struct PackedBaseTests {
    /// The bundled base as a folder of MLX, its linear layers in 8 bits.
    private static func pack(in folder: String) throws -> String {
        let path = folder + "/packed"
        let export = try Command([
            "export", "--base_path", TinyBase.path, "--tokenizer_path", TinyBase.folder, "--output", path, "--save_dtype", "float32",
            "--verify", "0",
        ])
        try #require(export.status == 0, "\(export.errors)")
        let tensors = try SafetensorsFile.read(path + "/model.safetensors")
        var packed = StateDictionary()
        for name in tensors.names {
            guard let tensor = tensors[name] else { continue }
            guard name.hasSuffix("_proj.weight") else {
                packed[name] = tensor
                continue
            }
            let (rows, columns, values) = (tensor.shape[0], tensor.shape[1], try tensor.floats())
            let groups = stride(from: 0, to: values.count, by: 64).map { values[$0..<$0 + 64] }
            let biases = groups.map { $0.min() ?? 0 }
            let scales = zip(groups, biases).map { (($0.max() ?? 0) - $1) / 255 }
            let bytes = values.enumerated().map { Int((($1 - biases[$0 / 64]) / scales[$0 / 64]).rounded()) }
            let words = stride(from: 0, to: bytes.count, by: 4).map {
                bytes[$0] | bytes[$0 + 1] << 8 | bytes[$0 + 2] << 16 | bytes[$0 + 3] << 24
            }
            let module = name.dropLast(".weight".count)
            packed[name] = StoredTensor(shape: [rows, columns / 4], integers: words, as: .uint32)
            packed["\(module).scales"] = StoredTensor(shape: [rows, columns / 64], floats: scales)
            packed["\(module).biases"] = StoredTensor(shape: [rows, columns / 64], floats: biases)
        }
        try SafetensorsFile.write(packed, to: path + "/model.safetensors")
        let settings = URL(fileURLWithPath: path + "/config.json")
        var json = try #require(try JSON(parsing: Foundation.Data(contentsOf: settings)).object)
        json["quantization"] = ["group_size": 64, "bits": 8]
        try Foundation.Data(JSON.object(json).serialized.utf8).write(to: settings)
        return path
    }

    @Test("It is inspected, trained beside, and merged into weights that are not packed")
    func commands() throws {
        let run = try TinyTraining(["--epochs", "2"])
        defer { run.remove() }
        let base = try Self.pack(in: run.folder)
        let inspected = try Command(["inspect", base])
        #expect(inspected.status == 0 && inspected.output.contains("; MLX 8-bit, groups of 64"), "\(inspected.output)\(inspected.errors)")
        let json = try JSON(parsing: try Command(["inspect", base, "--json"]).output)
        #expect(json["packing"]?.string == "MLX 8-bit, groups of 64")
        // 8 bits are near the base that they come from, and not it.
        #expect(try Command(["verify", TinyBase.path, base, "--tolerance", "0.05"]).status == 0)
        #expect(try Command(["verify", TinyBase.path, base, "--tolerance", "1e-5"]).status == 1)

        let training = try Command(run.arguments + ["--base_path", base])
        #expect(training.status == 0 && training.output.contains("MLX 8-bit"), "\(training.errors)")
        let losses = try run.losses()
        #expect(losses.count == 10 && losses.suffix(5).reduce(0, +) < losses.prefix(5).reduce(0, +))

        let merged = run.folder + "/merged"
        let merge = try Command([
            "merge", "--base_path", base, "--lora_path", run.adapterPath, "--output", merged, "--save_dtype", "float32",
        ])
        #expect(merge.status == 0 && merge.lines.last?.hasPrefix("verified: ") == true, "\(merge.output)\(merge.errors)")
        #expect(try Command(["verify", base, merged, "--lora_path", run.adapterPath, "--tolerance", "1e-5"]).status == 0)
        let written = try JSON(parsing: Foundation.Data(contentsOf: URL(fileURLWithPath: merged + "/config.json")))
        #expect(written["quantization"] == nil && written["hidden_size"] == 192)
        #expect(try !Command(["inspect", merged]).output.contains("MLX"))
    }
}
