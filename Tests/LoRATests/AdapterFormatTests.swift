import Foundation
import LoRA
import Model
import Tensor
import TestSupport
import Testing

@Suite("Adapter files")
struct AdapterFormatTests {
    let folder: String

    init() throws { folder = try Paths.temporaryFolder() }

    private func path(_ format: AdapterFormat) -> String { folder + "/" + format.rawValue }

    @Test("Golden adapters go through every format and back, bit for bit", arguments: AdapterFormat.allCases)
    func golden(_ format: AdapterFormat) throws {
        for (name, files) in [
            ("v2-classic-dense", ["lora_init", "lora_trained"]), ("v2-dense", ["lora_init", "lora_trained"]),
            ("v3-dense", ["lora_init", "lora_trained"]), ("v3-moe", ["lora_init"]),
        ] {
            let golden = try Golden(case: name)
            for file in files {
                let source = "\(golden.folder)/\(file).pth"
                var state = try AdapterFile.read(source, for: golden.configuration)
                #expect(state.modules.count == 4 && state.modules.allSatisfy { $0.rank == 4 && $0.scale == 1 })
                let original = try TensorFile.read(source)
                for module in state.modules {
                    let key = golden.configuration.naming.moduleName(of: module.place)
                    #expect(try module.a.hasSameElements(as: #require(original[key + ".lora.A.weight"])))
                    #expect(try module.b.hasSameElements(as: #require(original[key + ".lora.B.weight"])))
                }
                state.provenance = ["version": "1", "recipe": ["lr": 0.5]]
                try AdapterFile.write(state, as: format, to: path(format), for: golden.configuration, baseName: "a/base")
                let read = try AdapterFile.read(path(format), for: golden.configuration)
                #expect(read.hasSameFactors(as: state), "\(name) \(file)")
                #expect(read.provenance == state.provenance)
                let summary = try AdapterFile.inspect(path(format))
                #expect(summary.format == format && summary.ranks == [4] && summary.scales == [1] && summary.elementTypes == [.float32])
                #expect(summary.parameterCount == 4 * 2 * 4 * 64 && summary.provenance == state.provenance)
                #expect(summary.baseName == (format == .minimind ? nil : "a/base"))
            }
        }
    }

    @Test(
        "A golden adapter out of every format gives the golden logits' own model", arguments: ["v2-classic-dense", "v2-dense", "v3-dense"])
    func logits(_ name: String) throws {
        let golden = try Golden(case: name)
        let base = try TensorFile.read(golden.folder + "/base.pth")
        let state = try AdapterFile.read(golden.folder + "/lora_trained.pth", for: golden.configuration)
        let merged = try LanguageModel(golden.configuration, weights: TensorFile.read(golden.folder + "/merged.safetensors")).logits(
            of: someTokens)
        #expect(largestDifference(try state.merged(into: base, golden.configuration).logits(of: someTokens), merged) < 1e-4)
        for format in AdapterFormat.allCases {
            try AdapterFile.write(state, as: format, to: path(format), for: golden.configuration)
            let read = try AdapterFile.read(path(format), for: golden.configuration)
            #expect(largestDifference(try read.merged(into: base, golden.configuration).logits(of: someTokens), merged) < 1e-4)
        }
    }

    @Test(
        "Ranks and scales that differ from layer to layer compute the same in every format",
        arguments: AdapterFormat.allCases, ["v2-classic-dense", "v3-dense"])
    func mixed(_ format: AdapterFormat, _ name: String) throws {
        let golden = try Golden(case: name)
        let base = try TensorFile.read(golden.folder + "/base.pth")
        let state = AdapterState.random(on: golden.configuration, ranks: [1, 2, 5], scales: [0.5, 0.3, 2, 0])
        let plain = try golden.model().logits(of: someTokens)
        let expected = try state.merged(into: base, golden.configuration).logits(of: someTokens)
        #expect(largestDifference(plain, expected) > 0.1)
        try AdapterFile.write(state, as: format, to: path(format), for: golden.configuration)
        let read = try AdapterFile.read(path(format), for: golden.configuration)
        #expect(largestDifference(try read.merged(into: base, golden.configuration).logits(of: someTokens), expected) < 1e-4)
        #expect(read.provenance == state.provenance)
        // PEFT has a place for all of it.
        if format == .peft { #expect(read.hasSameFactors(as: state)) }
        if format == .peft || format == .mlx { #expect(read.dropout == 0.25) }
        if format == .mlx {
            #expect(read.modules.allSatisfy { $0.rank == 5 })
        } else {
            #expect(read.modules.map(\.rank) == state.modules.map(\.rank))
        }
    }

    @Test("One scale for all is kept as it is where the format has a place for it", arguments: [AdapterFormat.peft, .mlx, .gguf])
    func oneScale(_ format: AdapterFormat) throws {
        let configuration = try Golden(case: "v2-dense").configuration
        let state = AdapterState.random(on: configuration, ranks: [4], scales: [0.1])
        try AdapterFile.write(state, as: format, to: path(format), for: configuration)
        #expect(try AdapterFile.read(path(format), for: configuration).hasSameFactors(as: state))
    }

    @Test("A rank-stabilised scale and magnitudes survive PEFT; magnitudes survive MLX and MiniMind; llama.cpp's format refuses them")
    func doRA() throws {
        for name in ["v2-classic-dense", "v3-dense"] {
            let configuration = try Golden(case: name).configuration
            let state = AdapterState.random(
                on: configuration, ranks: [2, 3], scales: [Float(8 / 2.squareRoot()), Float(8 / 3.squareRoot())], hasMagnitudes: true,
                isRankStabilized: true)
            try AdapterFile.write(state, as: .peft, to: path(.peft), for: configuration)
            let read = try AdapterFile.read(path(.peft), for: configuration)
            #expect(read.hasSameFactors(as: state) && read.usesRankStabilizedScale)
            let fields = try JSON(parsing: Data(contentsOf: URL(fileURLWithPath: path(.peft) + "/adapter_config.json")))
            #expect(fields["lora_alpha"] == 8 && fields["alpha_pattern"] == [:] && fields["use_dora"] == true)
            let even = AdapterState.random(on: configuration, scales: [2], hasMagnitudes: true)
            try AdapterFile.write(even, as: .mlx, to: path(.mlx), for: configuration)
            #expect(try AdapterFile.read(path(.mlx), for: configuration).hasSameFactors(as: even))
            #expect(throws: AdapterFileError.self) { try AdapterFile.write(even, as: .gguf, to: path(.gguf), for: configuration) }
            #expect(!FileManager.default.fileExists(atPath: path(.gguf)))
            let plain = AdapterState.random(on: configuration, hasMagnitudes: true)
            try AdapterFile.write(plain, as: .minimind, to: path(.minimind), for: configuration)
            #expect(try AdapterFile.read(path(.minimind), for: configuration).hasSameFactors(as: plain))
            var uneven = even
            uneven.modules[1].magnitude = nil
            #expect(throws: AdapterFileError.self) { try AdapterFile.write(uneven, as: .peft, to: path(.peft), for: configuration) }
        }
    }

    @Test("Queries and keys of v2-classic stand a half head apart in other formats, and interleaved for llama.cpp")
    func rotary() throws {
        let configuration = try Golden(case: "v2-classic-dense").configuration
        let state = AdapterState.random(on: configuration, hasMagnitudes: true)
        try AdapterFile.write(state, as: .peft, to: path(.peft), for: configuration)
        let tensors = try TensorFile.read(path(.peft) + "/adapter_model.safetensors")
        let half = configuration.headDim / 2
        for (role, word, heads) in [
            (LinearRole.query, "q_proj", configuration.headCount), (.key, "k_proj", configuration.keyValueHeadCount),
        ] {
            let module = try #require(state.modules.first { $0.place == .layer(1, .linear(role, nil)) })
            let key = "base_model.model.model.layers.1.self_attn.\(word)"
            let (old, new) = (try module.b.floats(), try #require(tensors[key + ".lora_B.weight"]).floats())
            let (oldLengths, newLengths) = (
                try #require(module.magnitude).floats(), try #require(tensors[key + ".lora_magnitude_vector"]).floats()
            )
            for head in 0..<heads {
                for j in 0..<half {
                    for (from, to) in [(2 * j, j), (2 * j + 1, j + half)] {
                        let (source, target) = (head * 2 * half + from, head * 2 * half + to)
                        #expect(new[target * 3..<target * 3 + 3] == old[source * 3..<source * 3 + 3])
                        #expect(newLengths[target] == oldLengths[source])
                    }
                }
            }
            #expect(try #require(tensors[key + ".lora_A.weight"]).hasSameElements(as: module.a))
        }
        let value = try #require(state.modules.first { $0.place == .layer(1, .linear(.value, nil)) })
        #expect(try #require(tensors["base_model.model.model.layers.1.self_attn.v_proj.lora_B.weight"]).hasSameElements(as: value.b))
        // A Llama and a v2-classic model are one architecture of llama.cpp, so their rows stand alike there.
        let plain = AdapterState.random(on: configuration)
        let llama = try Golden(case: "v2-dense").configuration
        try AdapterFile.write(plain, as: .gguf, to: path(.gguf), for: configuration)
        let query = try #require(plain.modules.first)
        #expect(try #require(GGUFFile.read(path(.gguf)).tensors["blk.0.attn_q.weight.lora_b"]).hasSameElements(as: query.b))
        let turned = try AdapterFile.read(path(.gguf), for: llama)
        #expect(turned.rotaryLayout == .rotateHalf)
        #expect(try turned.modules[0].b.floats() != query.b.floats())
        try AdapterFile.write(turned, as: .minimind, to: path(.minimind), for: configuration)
        #expect(try AdapterFile.read(path(.minimind), for: configuration).hasSameFactors(as: plain))
    }

    @Test("PEFT's configuration names no more than it must")
    func peftConfiguration() throws {
        let configuration = try Golden(case: "v2-dense").configuration
        func fields(_ state: AdapterState) throws -> JSON {
            try AdapterFile.write(state, as: .peft, to: path(.peft), for: configuration, baseName: "base")
            return try JSON(parsing: Data(contentsOf: URL(fileURLWithPath: path(.peft) + "/adapter_config.json")))
        }
        func isAttention(_ place: ParameterPlace) -> Bool {
            if case .layer(_, .linear(let role, nil)) = place { role.isAttention } else { false }
        }
        let whole = try fields(.random(on: configuration, ranks: [4], scales: [0.5], where: isAttention))
        #expect(whole["target_modules"] == ["q_proj", "k_proj", "v_proj", "o_proj"] && whole["rank_pattern"] == [:])
        #expect(whole["r"] == 4 && whole["lora_alpha"] == 2 && whole["base_model_name_or_path"] == "base" && whole["bias"] == "none")
        let part = try fields(
            .random(on: configuration, ranks: [4, 2], scales: [1, 1]) { place in
                [ParameterPlace.layer(0, .linear(.query, nil)), .layer(0, .linear(.value, nil)), .layer(1, .linear(.value, nil))].contains(
                    place)
            })
        #expect(part["target_modules"] == ["model.layers.0.self_attn.q_proj", "v_proj"])
        #expect(part["r"] == 4 && part["rank_pattern"] == ["model.layers.0.self_attn.v_proj": 2])
        #expect(part["alpha_pattern"] == ["model.layers.0.self_attn.v_proj": 2])
    }

    @Test("mlx-lm's configuration counts layers from the end and its factors are transposed")
    func mlxConfiguration() throws {
        let configuration = try Golden(case: "v3-dense").configuration
        let state = AdapterState.random(on: configuration, ranks: [4], scales: [10]) { $0 == .layer(1, .linear(.key, nil)) }
        try AdapterFile.write(state, as: .mlx, to: path(.mlx), for: configuration)
        let fields = try JSON(parsing: Data(contentsOf: URL(fileURLWithPath: path(.mlx) + "/adapter_config.json")))
        #expect(fields["num_layers"] == 1 && fields["fine_tune_type"] == "lora")
        #expect(fields["lora_parameters"]?["keys"] == ["self_attn.k_proj"] && fields["lora_parameters"]?["scale"]?.number == 10)
        let tensors = try TensorFile.read(path(.mlx) + "/adapters.safetensors")
        let (a, b) = (
            try #require(tensors["model.layers.1.self_attn.k_proj.lora_a"]), try #require(tensors["model.layers.1.self_attn.k_proj.lora_b"])
        )
        let output = configuration.keyValueDim
        #expect(a.shape == [64, 4] && b.shape == [4, output])
        let (flatA, flatB) = (try a.floats(), try b.floats())
        let (ownA, ownB) = (try state.modules[0].a.floats(), try state.modules[0].b.floats())
        for column in 0..<4 {
            for row in 0..<64 { #expect(flatA[row * 4 + column] == ownA[column * 64 + row]) }
            for row in 0..<output { #expect(flatB[column * output + row] == ownB[row * 4 + column]) }
        }
    }

    @Test("llama.cpp's adapter says what it is; experts lie in one tensor")
    func ggufContents() throws {
        let configuration = try Golden(case: "v3-moe").configuration
        var mixture = configuration
        mixture.experts?.sharedCount = 0
        let state = AdapterState.random(on: mixture, ranks: [3], scales: [2]) { place in
            if case .layer(0, .linear(.up, .routed(let index))) = place { index != 1 } else { place == .layer(1, .linear(.query, nil)) }
        }
        try AdapterFile.write(state, as: .gguf, to: path(.gguf), for: mixture)
        let file = try GGUFFile.read(path(.gguf))
        #expect(file.metadata["general.type"] == .string("adapter") && file.metadata["adapter.type"] == .string("lora"))
        #expect(file.metadata["general.architecture"] == .string("qwen3moe") && file.metadata["adapter.lora.alpha"] == .float32(6))
        let hidden = mixture.experts?.hiddenDim ?? mixture.hiddenDim
        #expect(file.tensors["blk.0.ffn_up_exps.weight.lora_a"]?.shape == [4, 3, 64])
        #expect(file.tensors["blk.0.ffn_up_exps.weight.lora_b"]?.shape == [4, hidden, 3])
        let read = try AdapterFile.read(path(.gguf), for: mixture)
        let zero = read.modules.filter { $0.place == .layer(0, .linear(.up, .routed(1))) }
        #expect(zero.count == 1)
        #expect(try zero[0].b.floats().allSatisfy { $0 == 0 })
        let rest = AdapterState(modules: read.modules.filter { $0.place != zero[0].place }, rotaryLayout: read.rotaryLayout)
        #expect(rest.hasSameFactors(as: state))
        #expect(throws: AdapterFileError.self) { try AdapterFile.write(state, as: .mlx, to: path(.mlx), for: mixture) }
        for format in [AdapterFormat.peft, .minimind] {
            let one = AdapterState.random(on: mixture)
            try AdapterFile.write(one, as: format, to: path(format), for: mixture)
            #expect(try AdapterFile.read(path(format), for: mixture).hasSameFactors(as: one))
        }
    }

    @Test("Half precision on request, and refused where a value is beyond it")
    func half() throws {
        let configuration = try Golden(case: "v3-dense").configuration
        var state = AdapterState.random(on: configuration)
        try AdapterFile.write(state, as: .minimind, to: path(.minimind), for: configuration, elementType: .float16)
        let read = try AdapterFile.read(path(.minimind), for: configuration)
        #expect(read.modules.allSatisfy { $0.a.elementType == .float16 && $0.b.elementType == .float16 })
        #expect(largestDifference(try read.modules[0].a.floats(), try state.modules[0].a.floats()) < 1e-3)
        // What is half stays half, and the same bits.
        for format in [AdapterFormat.peft, .mlx, .gguf, .minimind] {
            try AdapterFile.write(read, as: format, to: path(format), for: configuration)
            #expect(try AdapterFile.read(path(format), for: configuration).hasSameFactors(as: read))
        }
        state.modules[0].a = StoredTensor(
            shape: state.modules[0].a.shape, floats: [Float](repeating: 70000, count: state.modules[0].a.count))
        #expect(throws: AdapterFileError.self) {
            try AdapterFile.write(state, as: .minimind, to: path(.minimind), for: configuration, elementType: .float16)
        }
    }

    @Test("Factors without a folder are known by their keys; a scale that nothing says must be given")
    func bareFactors() throws {
        let configuration = try Golden(case: "v2-dense").configuration
        let state = AdapterState.random(on: configuration, scales: [0.5])
        // MiniMind's keys in safetensors, with what distributed and compiled runs put before them.
        try AdapterFile.write(state, as: .minimind, to: path(.minimind), for: configuration)
        var prefixed = StateDictionary()
        let dictionary = try TensorFile.read(path(.minimind))
        for name in dictionary.names { prefixed["module._orig_mod." + name] = dictionary[name] }
        try SafetensorsFile.write(prefixed, to: folder + "/minimind.safetensors")
        #expect(try AdapterFile.read(folder + "/minimind.safetensors", for: configuration).modules.count == state.modules.count)
        for format in [AdapterFormat.peft, .mlx] {
            try AdapterFile.write(state, as: format, to: path(format), for: configuration)
            let name = format == .peft ? "adapter_model.safetensors" : "adapters.safetensors"
            #expect(try AdapterFile.read(path(format) + "/" + name, for: configuration).hasSameFactors(as: state))
            let bare = "\(folder)/bare-\(name)"
            try FileManager.default.copyItem(atPath: path(format) + "/" + name, toPath: bare)
            #expect(throws: AdapterFileError.inFile(path: bare, .noScale)) { try AdapterFile.read(bare, for: configuration) }
            #expect(try AdapterFile.read(bare, for: configuration, scale: 0.5).hasSameFactors(as: state))
            #expect(try AdapterFile.inspect(bare).scales == [])
        }
    }

    @Test("A folder that holds more than an adapter is left alone")
    func otherFolder() throws {
        let configuration = try Golden(case: "v2-dense").configuration
        let state = AdapterState.random(on: configuration)
        try AdapterFile.write(state, as: .mlx, to: path(.peft), for: configuration)
        // One adapter takes the place of another, whole.
        try AdapterFile.write(state, as: .peft, to: path(.peft), for: configuration)
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: path(.peft)).sorted() == [
                "adapter_config.json", "adapter_model.safetensors",
            ])
        try Data("mine".utf8).write(to: URL(fileURLWithPath: path(.peft) + "/notes.txt"))
        #expect(throws: AdapterFileError.self) { try AdapterFile.write(state, as: .mlx, to: path(.peft), for: configuration) }
        #expect(try AdapterFile.inspect(path(.peft)).format == .peft)
    }

    @Test("What a training wrote is found again in every format")
    func provenance() throws {
        let provenance = Provenance(
            base: Fingerprint(1), tokenizer: Fingerprint(.max), data: Fingerprint(77), scale: 0.1, seed: .max,
            recipe: ["lr": 0.001, "epochs": 2], version: "2.0")
        #expect(Provenance(provenance.json) == provenance)
        let configuration = try Golden(case: "v2-dense").configuration
        var state = AdapterState.random(on: configuration)
        state.provenance = provenance.json
        for format in AdapterFormat.allCases {
            try AdapterFile.write(state, as: format, to: path(format), for: configuration)
            let read = try AdapterFile.read(path(format), for: configuration)
            #expect(Provenance(try #require(read.provenance)) == provenance)
            try read.checkBase(Fingerprint(1))
            let error = #expect(throws: AdapterFileError.otherBase(adapter: Fingerprint(1), base: Fingerprint(2))) {
                try read.checkBase(Fingerprint(2))
            }
            #expect(error?.description.contains("--force") == true)
        }
        state.provenance = nil
        try state.checkBase(Fingerprint(2))
    }
}
