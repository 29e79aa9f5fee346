import Model
import Tensor
import TestSupport
import Testing

@Suite("Places and names")
struct PlaceTests {
    @Test("Every place is found again by its name", arguments: ParameterNaming.allCases)
    func roundTrip(_ naming: ParameterNaming) {
        var parts: [LayerPart] = [.attentionNorm, .feedForwardNorm, .queryNorm, .keyNorm, .router, .convolution, .deltaNorm]
        parts += LinearRole.allCases.map { .linear($0, nil) }
        for index in [0, 1, 12] {
            for role in LinearRole.allCases where role.isFeedForward {
                parts += [.linear(role, .routed(index)), .linear(role, .shared(index))]
            }
        }
        let places = [ParameterPlace.embedding, .norm, .output] + [0, 7, 31].flatMap { layer in parts.map { .layer(layer, $0) } }
        for place in places {
            let name = naming.moduleName(of: place)
            let found = naming.place(of: name)
            switch place {
            // Experts share a name in a GGUF.
            case .layer(let layer, .linear(let role, .routed)) where naming == .gguf:
                #expect(found == .layer(layer, .linear(role, .routed(0))))
            case .layer(let layer, .linear(let role, .shared)) where naming == .gguf:
                #expect(found == .layer(layer, .linear(role, .shared(0))))
            default: #expect(found == place, "\(name)")
            }
        }
    }

    @Test("A name that only looks alike is not a parameter's", arguments: ParameterNaming.allCases)
    func unknownNames(_ naming: ParameterNaming) {
        let name = naming.moduleName(of: .layer(3, .linear(.query, nil)))
        for change in ["", "-", "+", "0", "99999999999999999999"] {
            #expect(naming.place(of: name.replacing("3", with: change + (change.isEmpty ? "" : "3"))) == nil)
        }
        for stranger in [
            "", ".", name + ".weight", name + ".", "x" + name, "layers.", "model.layers.0.", "blk..attn_q",
            "model.layers.0.mlp.experts.x.up_proj",
        ] {
            #expect(naming.place(of: stranger) == nil, "\(stranger)")
        }
    }

    @Test(
        "The parameters of a configuration are those of its model, in order",
        arguments: ["v2-classic-dense", "v2-classic-moe", "v2-dense", "v2-moe", "v3-dense", "v3-moe"])
    func parameters(_ name: String) throws {
        let golden = try Golden(case: name)
        let model = try golden.model()
        var found: [(ParameterPlace, [Int])] = []
        golden.configuration.forEachParameter { found.append(($0, $1)) }
        #expect(found.map(\.0) == model.placedParameters.map(\.place))
        #expect(found.map(\.1) == model.placedParameters.map(\.tensor.shape))
        #expect(Set(golden.configuration.linearPlaces.map(\.place)) == Set(model.linears.map(\.place)))
    }

    @Test("The order of a model's parameters stays: a random start and a fingerprint depend on it")
    func order() throws {
        let attention = ["attention_norm", "attention.wq", "attention.wk", "attention.wv", "attention.wo", "ffn_norm"].map {
            "layers.0.\($0)"
        }
        func names(_ name: String, _ count: Int) throws -> [String] {
            try Golden(case: name).model().parameters.prefix(count).map { String($0.name.dropLast(".weight".count)) }
        }
        let dense = ["w1", "w2", "w3"].map { "layers.0.feed_forward.\($0)" }
        #expect(try names("v2-classic-dense", 10) == ["tok_embeddings"] + attention + dense)
        let experts = ["experts.0", "experts.1", "experts.2", "experts.3", "shared_experts"].flatMap { expert in
            ["w1", "w2", "w3"].map { "layers.0.feed_forward.\(expert).\($0)" }
        }
        #expect(try names("v2-classic-moe", 23) == ["tok_embeddings"] + attention + ["layers.0.feed_forward.gate"] + experts)
        let heads = ["self_attn.o_proj", "self_attn.q_norm", "self_attn.k_norm", "post_attention_layernorm"].map { "model.layers.0.\($0)" }
        #expect(try names("v3-dense", 9).suffix(4) == heads[...])
        #expect(try Golden(case: "v3-dense").model().parameters.last?.name == "model.norm.weight")
    }

    @Test("A fingerprint stands for the weights, not for their file")
    func fingerprint() throws {
        let golden = try Golden(case: "v2-dense")
        let weights = try TensorFile.read(golden.folder + "/base.pth")
        func fingerprint(_ dictionary: StateDictionary, naming: ParameterNaming = .huggingFace) throws -> Fingerprint {
            try StoredWeights(dictionary, naming: naming, rotaryLayout: .rotateHalf).fingerprint(golden.configuration)
        }
        let first = try fingerprint(weights)
        let path = try Paths.temporaryFolder() + "/base.safetensors"
        var reversed = StateDictionary()
        for name in weights.names.reversed() { reversed[name] = weights[name] }
        try SafetensorsFile.write(reversed, to: path)
        #expect(try fingerprint(TensorFile.read(path)) == first)
        var renamed = StateDictionary()
        golden.configuration.forEachParameter { place, _ in
            renamed[ParameterNaming.classic.parameterName(of: place)] = weights[ParameterNaming.huggingFace.parameterName(of: place)]
        }
        #expect(try fingerprint(renamed, naming: .classic) == first)
        // One bit of one value, or another type, makes other weights.
        for name in ["model.norm.weight", "model.layers.1.mlp.up_proj.weight"] {
            let tensor = try #require(weights[name])
            var values = try tensor.floats()
            values[values.count - 1] = Float(bitPattern: values[values.count - 1].bitPattern ^ 1)
            var changed = weights
            changed[name] = StoredTensor(shape: tensor.shape, floats: values)
            #expect(try fingerprint(changed) != first)
            changed[name] = try tensor.converted(to: .bfloat16)
            #expect(try fingerprint(changed) != first)
        }
        var incomplete = weights
        incomplete["model.norm.weight"] = nil
        #expect(throws: ModelError.missingWeight(name: "model.norm.weight")) { try fingerprint(incomplete) }
        #expect(Fingerprint(first.description) == first)
        #expect(Fingerprint("0123") == nil)
    }
}
