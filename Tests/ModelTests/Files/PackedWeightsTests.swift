import Foundation
import TestSupport
import Testing

@testable import Model
@testable import Tensor

/// Folders whose weights a library packed, against what it unpacks: `Fixtures/quantized/make_fixtures.py`.
@Suite("Packed weights")
struct PackedWeightsTests {
    /// The folders of the fixture.
    static let cases = ((try? FileManager.default.contentsOfDirectory(atPath: path(""))) ?? []).filter { !$0.contains(".") }.sorted()

    static func path(_ name: String) -> String { Paths.fixture("ModelTests", "quantized/\(name)") }

    private static func expected(_ name: String) throws -> JSON {
        try JSON(parsing: Foundation.Data(contentsOf: URL(fileURLWithPath: path(name) + "/expected.json")))
    }

    private static func scores(_ name: String, of file: ModelFile) throws -> (own: [Float], expected: [Float]) {
        let json = try expected(name)
        let tokens = try #require(json["tokens"]?.array).compactMap { $0.integer.map(Int32.init) }
        let logits = try #require(json["logits"]?.array).compactMap { $0.number.map { Float($0) } }
        try #require(tokens.count > 4 && logits.count == tokens.count * file.configuration.vocabularySize)
        return (try LanguageModel(file).scores(tokens), logits)
    }

    @Test("Every weight has the library's values to the bit, and the model its logits", arguments: cases)
    func golden(_ name: String) throws {
        #expect(Self.cases.count == 14)
        let file = try ModelFile.open(Self.path(name))
        let weights = try #require(try Self.expected(name)["weights"]?.object)
        #expect(Set(file.weights.tensors.names) == Set(weights.keys))
        for (key, weight) in weights {
            let tensor = try #require(file.weights.tensors[key])
            #expect(tensor.shape == weight["shape"]?.array?.compactMap(\.integer), "\(key)")
            #expect(tensor.elementType.rawValue == weight["type"]?.string, "\(key)")
            let values = try tensor.floats()
            let first = weight["first"]?.array?.compactMap { $0.number.map { Float($0) } }
            #expect(Array(values.prefix(4)) == first, "\(key)")
            #expect(values.withUnsafeBytes { Int(ZipArchive.checksum($0)) } == weight["checksum"]?.integer, "\(key)")
        }
        let (own, logits) = try Self.scores(name, of: file)
        #expect(relativeError(own, logits) < 1e-5)
    }

    private static let summaries = [
        "mlx-4bit": "MLX 4-bit, groups of 64", "mlx-mixed": "MLX 3-bit, groups of 32, 4 modules otherwise",
        "fp8": "FP8, blocks of 32 by 16", "fp8-rows": "FP8 of FBGEMM", "tensors-fp8": "compressed-tensors, float-quantized",
        "bnb-nf4": "bitsandbytes nf4, scales quantised too", "bnb-fp4": "bitsandbytes fp4", "bnb-int8": "bitsandbytes int8",
        "gptq-order": "GPTQ 4-bit, groups of 16", "gptq-8bit": "GPTQ 8-bit, a group a row", "awq": "AWQ 4-bit, groups of 16",
    ]

    @Test("The kind of packing is said", arguments: summaries.keys.sorted())
    func summary(_ name: String) throws {
        #expect(try ModelFile.open(Self.path(name)).summary.hasSuffix("; \(try #require(Self.summaries[name]))"))
    }

    @Test("A folder that is written holds the unpacked weights, and nothing of the packing", arguments: ["mlx-4bit", "bnb-nf4"])
    func written(_ name: String) throws {
        let folder = try Paths.temporaryFolder() + "/model"
        let file = try ModelFile.open(Self.path(name))
        try LanguageModel(file).writeHuggingFaceFolder(to: folder, as: .bfloat16, tokens: file.tokens)
        let json = try JSON(parsing: Foundation.Data(contentsOf: URL(fileURLWithPath: folder + "/config.json")))
        #expect(json["quantization"] == nil && json["quantization_config"] == nil)
        let written = try ModelFile.open(folder)
        #expect(written.weights.packing == nil && file.weights.packing != nil && written.configuration == file.configuration)
        // Both are bfloat16 values, and so the same weights.
        #expect(try written.weights.fingerprint(written.configuration) == file.weights.fingerprint(file.configuration))
    }

    @Test("Scales that are quantised have the scale of their own block")
    func nestedBlocks() throws {
        let settings = try JSON(parsing: Foundation.Data(contentsOf: URL(fileURLWithPath: Self.path("bnb-nf4") + "/config.json")))
        var tensors = try SafetensorsFile.read(Self.path("bnb-nf4") + "/model.safetensors")
        let name = "model.layers.0.self_attn.q_proj.weight"
        func values(_ part: String) throws -> [Float] { try #require(tensors[name + part]).floats() }
        let (map, nestedMap, magnitudes, packed) = (
            try values(".quant_map"), try values(".nested_quant_map"), try values(".absmax"), try values("")
        )
        #expect(magnitudes.count == 64 && packed.count == 2048)
        let nested: [Float] = [0.25, 1.5]
        tensors[name + ".nested_absmax"] = StoredTensor(shape: [2], floats: nested)
        let state =
            #"{"quant_type": "nf4", "blocksize": 64, "dtype": "float32", "shape": [64, 64], "nested_blocksize": 32, "#
            + #""nested_dtype": "float32", "nested_offset": 0.125}"#
        tensors[name + ".quant_state.bitsandbytes__nf4"] = StoredTensor(
            shape: [state.utf8.count], integers: state.utf8.map { Int($0) }, as: .uint8)
        let unpacked = try #require(try PackedWeights(settings)?.unpacked(tensors)[name])
        let expected = (0..<4096).map { place -> Float in
            let byte = Int(packed[place / 2])
            let block = place / 64
            let scale = nestedMap[Int(magnitudes[block])] * nested[block / 32]
            return map[place % 2 == 0 ? byte >> 4 : byte & 15] * (scale + 0.125)
        }
        #expect(unpacked.elementType == .float32 && expected.contains { $0 > 0.2 })
        #expect(try unpacked.floats() == expected)
    }

    @Test("8-bit floating-point numbers are read, and those that are no numbers refused")
    func eightBits() throws {
        let folder = try Paths.temporaryFolder() + "/model"
        try FileManager.default.copyItem(atPath: Self.path("fp8"), toPath: folder)
        var tensors = try SafetensorsFile.read(folder + "/model.safetensors")
        let name = "model.layers.0.self_attn.q_proj.weight"
        let tensor = try #require(tensors[name])
        let values = try tensor.floats()
        // Both zeros, the smallest, the smallest that is not subnormal, one, the largest.
        #expect([0, 1, 8, 56, 126, 127].map { values[$0] } == [0, 0x1p-9, 0x1p-6, 1, 448, 0] && values[127].sign == .minus)
        var bytes = tensor.contiguousBytes
        bytes[bytes.startIndex + 70] = 0x7F
        tensors[name] = try StoredTensor(
            shape: tensor.shape, elementType: .float8E4M3, storage: .init(bytes), offset: 0, strides: tensor.strides)
        try SafetensorsFile.write(tensors, to: folder + "/model.safetensors")
        let error = #expect(throws: ModelError.self) { try LanguageModel(ModelFile.open(folder)) }
        #expect(error.map { "\($0)".contains("'\(name)'") && "\($0)".contains("[2, 6] is nan") } == true, "\(error.map { "\($0)" } ?? "")")
    }

    @Test("Rows, slices and other layouts of an unpacked weight are those of its values")
    func layouts() throws {
        let file = try ModelFile.open(Self.path("gptq-4bit"))
        let weight = try #require(file.weights.tensors["model.layers.0.mlp.down_proj.weight"])
        let (rows, columns) = (weight.shape[0], weight.shape[1])
        let values = try weight.floats()
        #expect(try weight.rows(3..<5)?.floats() == Array(values[3 * columns..<5 * columns]))
        #expect(try weight.slice(7)?.floats() == Array(values[7 * columns..<8 * columns]))
        let turned = try #require(weight.transposed)
        let expected = (0..<columns).flatMap { column in (0..<rows).map { values[$0 * columns + column] } }
        #expect(try turned.floats() == expected)
        #expect(StoredTensor(shape: [columns, rows], floats: expected, as: .float16).hasSameElements(as: turned))
        #expect(try Tensor(finite: weight, precision: .bfloat16).values == values.map(Precision.bfloat16.rounded))
    }
}
