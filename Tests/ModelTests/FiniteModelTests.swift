import Foundation
import Tensor
import TestSupport
import Testing

@testable import Model

@Suite("Models of values that are not finite")
struct FiniteModelTests {
    private let golden: Golden
    private let weights: StateDictionary
    private let name = "layers.1.feed_forward.w2.weight"

    init() throws {
        golden = try Golden.classicDense()
        weights = try golden.model().stateDictionary()
    }

    /// The weights with one value changed.
    private func changed(_ value: Float, at place: Int = 70) throws -> StateDictionary {
        var changed = weights
        let stored = try #require(weights[name])
        var values = try stored.floats()
        values[place] = value
        changed[name] = StoredTensor(shape: stored.shape, floats: values)
        return changed
    }

    private func model(_ value: Float) throws -> LanguageModel { try LanguageModel(golden.configuration, weights: changed(value)) }

    /// A model of finite weights whose logits are not.
    private func overflowing() throws -> LanguageModel {
        let model = try golden.model()
        model.norm.withMutableValues { for place in $0.indices { $0[place] = .greatestFiniteMagnitude } }
        return model
    }

    private func index(_ place: Int) throws -> [Int] { try #require(weights[name]).shape.index(ofPlace: place) }

    @Test("A weight is named by file, tensor and place, in every container")
    func weightIsNamed() throws {
        let folder = try Paths.temporaryFolder()
        let broken = try changed(.nan)
        try PyTorchFile.write(broken, to: folder + "/a.pth")
        try SafetensorsFile.write(broken, to: folder + "/a.safetensors")
        for path in [folder + "/a.pth", folder + "/a.safetensors"] {
            let file = try ModelFile.open(path, ModelHints(headCount: golden.configuration.headCount))
            let error = #expect(throws: ModelError.self) { try LanguageModel(file) }
            let text = "\(try #require(error))"
            #expect(text.hasPrefix("\(path): '\(name)' cannot be read: its value at \(try index(70)) is nan"), "\(text)")
        }
        let gguf = folder + "/a.gguf"
        let model = try golden.model()
        try model.writeGGUF(to: gguf, as: .float32)
        let tensors = try GGUFFile.read(gguf)
        var all = tensors.tensors
        let stored = try #require(all["blk.1.ffn_down.weight"])
        var values = try stored.floats()
        values[70] = -.infinity
        all["blk.1.ffn_down.weight"] = StoredTensor(shape: stored.shape, floats: values)
        try GGUFFile.write(metadata: tensors.metadata, tensors: all, to: gguf)
        let error = #expect(throws: ModelError.self) { try LanguageModel(contentsOf: gguf) }
        #expect("\(try #require(error))".contains("'blk.1.ffn_down.weight' cannot be read: its value at \(try index(70)) is -inf"))
    }

    @Test("A weight that overflows in the type that it is kept in is named")
    func kept() throws {
        #expect(throws: ModelError.self) {
            try LanguageModel(golden.configuration, weights: changed(.greatestFiniteMagnitude), linearPrecision: .bfloat16)
        }
        _ = try LanguageModel(golden.configuration, weights: changed(1e5), linearPrecision: .bfloat16)
    }

    @Test("No token is chosen by logits that are not finite")
    func generation() throws {
        let overflowing = try overflowing()
        #expect(throws: ModelError.logitsNotFinite(.float32)) { try overflowing.generate(from: [5, 17], maximumTokens: 3) }
        let large = try self.model(1e6)
        #expect(try large.generate(from: [5, 17], maximumTokens: 3).count == 3)
        let error = #expect(throws: ModelError.self) {
            try ComputeContext.with({ $0.precision = .float16 }) { try large.generate(from: [5, 17], maximumTokens: 3) }
        }
        #expect(error == .logitsNotFinite(.float16))
        #expect("\(ModelError.logitsNotFinite(.float16))".contains("--dtype float32"))
        #expect(!"\(ModelError.logitsNotFinite(.float32))".contains("float32"))
        #expect(throws: ModelError.self) { try large.checkRange(ofProductsIn: .float16) }
        try large.checkRange(ofProductsIn: .bfloat16)
    }

    @Test("Logits that are not finite agree with none, not even with themselves")
    func comparison() throws {
        let (broken, sound) = (try overflowing(), try golden.model())
        for comparison in [try ModelComparison(broken, broken), try ModelComparison(broken, sound), try ModelComparison(sound, broken)] {
            #expect(comparison.agreements == 0 && comparison.notFinite == comparison.positions)
            #expect(!(comparison.relativeError <= 1) && comparison.summary.contains("not finite"))
        }
        let same = try ModelComparison(sound, sound)
        #expect(same.agreements == same.positions && same.notFinite == 0 && !same.summary.contains("not finite"))
    }

    @Test("What a file's type does not hold is named, and nothing is written")
    func writing() throws {
        let folder = try Paths.temporaryFolder()
        let model = try model(-1e5)
        let expected = ModelError.beyondRange(.float16, weights: ["'\(name)' (-100000.0 at \(try index(70)))"])
        #expect(throws: expected) { try model.writeGGUF(to: folder + "/a.gguf", as: .float16) }
        #expect(throws: expected) { try model.writeHuggingFaceFolder(to: folder + "/a", as: .float16) }
        #expect(throws: expected) { try model.checkRange(of: .float16) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
        for type in [ElementType.bfloat16, .float32, .q8_0] { try model.writeGGUF(to: folder + "/a.gguf", as: type) }
        #expect(throws: ModelError.self) { try self.model(1e7).writeGGUF(to: folder + "/b.gguf", as: .q8_0) }
        // Norms are float32 in a GGUF, and of the folder's type in a folder.
        let norms = try golden.model()
        norms.norm.withMutableValues { $0[2] = 1e5 }
        try norms.writeGGUF(to: folder + "/c.gguf", as: .float16)
        #expect(throws: ModelError.self) { try norms.writeHuggingFaceFolder(to: folder + "/c", as: .float16) }
        for layer in model.layers { layer.linears[0].weight.withMutableValues { $0[0] = 1e5 } }
        let text = "\(try #require(#expect(throws: ModelError.self) { try model.checkRange(of: .float16) }))"
        #expect(text.hasPrefix("\(model.layers.count + 1) weights have values that are not finite as float16: '"))
        #expect(text.contains("bfloat16 or float32"))
    }

    @Test("Positions that a model was trained for, or stretched to")
    func positions() throws {
        var configuration = golden.configuration
        configuration.contextLength = 4096
        #expect(configuration.trainedPositions == 4096)
        configuration.ropeScaling = .linear(factor: 2)
        #expect(configuration.trainedPositions == 8192)
        configuration.ropeScaling = .yarn(.minimind)
        #expect(configuration.trainedPositions == 32768)
        configuration.ropeScaling = .llama3(factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalPositions: 8192)
        #expect(configuration.trainedPositions == 65536)
        configuration.contextLength = 131_072
        #expect(configuration.trainedPositions == 131_072)
    }
}
