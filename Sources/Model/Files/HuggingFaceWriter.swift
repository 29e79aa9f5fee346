import Foundation
import Tensor

extension HuggingFaceConfiguration.ModelType {
    /// The class that a model is written for: a Llama or a Qwen3 where it is one, otherwise MiniMind's own of 2025.
    ///
    /// - Throws: ``ModelError/unsupported(_:)`` where no class computes the same
    package init(of configuration: ModelConfiguration) throws(ModelError) {
        guard let experts = configuration.experts else {
            self = configuration.normalizesHeads ? .qwen3 : .llama
            return
        }
        if configuration.normalizesHeads {
            guard experts.sharedCount == 0 else {
                throw .unsupported("no class of transformers has norms of heads and shared experts; write the model as a state dict")
            }
            self = .qwen3MoE
            return
        }
        // The class has one width, whole heads, and its own two scalings; and it cannot but tie.
        let isOwn =
            configuration.headDim * configuration.headCount == configuration.dim && configuration.tiesEmbedding
            && (configuration.ropeScaling == nil || configuration.ropeScaling == .yarn(.minimind))
        guard isOwn else {
            throw .unsupported("no class of transformers has experts without norms of heads, but MiniMind's, and that not of this kind")
        }
        self = .minimind
    }
}

extension HuggingFaceConfiguration {
    /// The `config.json` of a model, as all versions of transformers from 4.51 on read it.
    ///
    /// - Throws: ``ModelError/unsupported(_:)`` where no class computes the same
    package static func json(
        _ model: ModelConfiguration, tokens: SpecialTokens, as elementType: ElementType
    ) throws(ModelError) -> JSON {
        let type = try ModelType(of: model)
        var json: JSONObject = [
            "architectures": [.string(type.className)], "model_type": .string(type.rawValue),
            "vocab_size": .integer(model.vocabularySize), "hidden_size": .integer(model.dim),
            "intermediate_size": .integer(model.hiddenDim), "num_hidden_layers": .integer(model.layerCount),
            "num_attention_heads": .integer(model.headCount), "num_key_value_heads": .integer(model.keyValueHeadCount),
            "hidden_act": "silu", "max_position_embeddings": .integer(model.huggingFacePositions),
            "rms_norm_eps": .number(model.normEpsilon.shortest), "rope_theta": .number(model.ropeTheta.shortest),
            "tie_word_embeddings": .bool(model.tiesEmbedding), "initializer_range": 0.02, "use_cache": true,
        ]
        switch type {
        case .llama, .qwen3, .qwen3MoE:
            json["head_dim"] = .integer(model.headDim)
            json["rope_scaling"] = try model.huggingFaceRotaryScaling()
            json["attention_bias"] = false
            json["attention_dropout"] = 0.0
            if type == .llama { json["mlp_bias"] = false } else { json["use_sliding_window"] = false }
            if type == .qwen3MoE, let experts = model.experts {
                json["num_experts"] = .integer(experts.count)
                json["num_experts_per_tok"] = .integer(experts.perToken)
                json["moe_intermediate_size"] = .integer(experts.hiddenDim ?? model.hiddenDim)
                json["norm_topk_prob"] = .bool(experts.normalizesWeights)
                json["router_aux_loss_coef"] = .number(experts.auxiliaryCoefficient.shortest)
                json[HuggingFaceConfiguration.minimindBalance] = .number(experts.auxiliaryCoefficient.shortest)
                json["decoder_sparse_step"] = 1
                json["mlp_only_layers"] = []
            }
        case .minimind:
            json["dropout"] = 0.0
            json["flash_attn"] = true
            json["inference_rope_scaling"] = .bool(model.ropeScaling != nil)
            json["use_moe"] = true
            if let experts = model.experts {
                json["intermediate_size"] = .integer(experts.hiddenDim ?? model.hiddenDim)
                json["n_routed_experts"] = .integer(experts.count)
                json["num_experts_per_tok"] = .integer(experts.perToken)
                json["n_shared_experts"] = .integer(experts.sharedCount)
                json["scoring_func"] = "softmax"
                json["aux_loss_alpha"] = .number(experts.auxiliaryCoefficient.shortest)
                json["seq_aux"] = .bool(experts.balance == .perSequence)
                json["norm_topk_prob"] = .bool(experts.normalizesWeights)
            }
        }
        json["bos_token_id"] = tokens.beginning.map(JSON.integer) ?? .null
        json["eos_token_id"] = tokens.endsJSON
        json["pad_token_id"] = tokens.padding.map(JSON.integer) ?? .null
        json["torch_dtype"] = .string(elementType.rawValue)
        return .object(json)
    }
}

extension SpecialTokens {
    fileprivate var endsJSON: JSON {
        switch ends.count {
        case 0: .null
        case 1: .integer(ends[0])
        default: .array(ends.map(JSON.integer))
        }
    }

    fileprivate var generationJSON: JSON {
        var json = JSONObject()
        if let beginning { json["bos_token_id"] = .integer(beginning) }
        if !ends.isEmpty { json["eos_token_id"] = endsJSON }
        if let padding { json["pad_token_id"] = .integer(padding) }
        return .object(json)
    }
}

extension MiniMind {
    /// The files of a tokenizer, and of the settings that go with it, which a folder takes along.
    private static let tokenizerFiles =
        HuggingFaceFolder.tokenizerNames + [
            "merges.txt", "tokenizer_config.json", "chat_template.jinja", "special_tokens_map.json", "added_tokens.json",
            "generation_config.json",
        ]

    /// Writes the model as a folder that transformers, vLLM, llama.cpp's converter and others read; whole or not at
    /// all. Of tensors that are converted no more than one is held. Adapters that are attached are left out, unless
    /// `replacement` merges them.
    ///
    /// A folder that is there already is replaced where it holds nothing but a model.
    ///
    /// - Parameters:
    ///   - elementType: the type of the weights: float16, bfloat16 or float32
    ///   - tokens: the ids that the configuration names
    ///   - tokenizerFolder: where the files of a tokenizer, and of the settings that go with it, are copied from
    ///   - shardSize: the most bytes of weights in a file, as far as a tensor fits in
    ///   - replacement: what is written in place of a parameter, such as a weight with an adapter merged into it
    /// - Returns: the class that the folder is for. ``HuggingFaceConfiguration/ModelType/minimind``, of the mixtures
    ///   of experts of 2025, is none of transformers' own: whoever loads it there needs MiniMind's code.
    /// - Throws: ``ModelError/unsupported(_:)`` where no class computes the same, ``ModelError/beyondRange(_:weights:)``,
    ///   ``ModelError/file(_:)``
    @discardableResult
    public func writeHuggingFaceFolder(
        to folder: String, as elementType: ElementType = .float16, tokens: SpecialTokens = .minimind,
        tokenizerFolder: String? = nil, shardSize: Int = 5_000_000_000,
        replacement: @escaping (ParameterPlace, Tensor) -> Tensor = { $1 }
    ) throws(ModelError) -> HuggingFaceConfiguration.ModelType {
        guard [.float32, .float16, .bfloat16].contains(elementType) else {
            throw .unsupported("weights are written as float16, bfloat16 or float32, not as \(elementType.rawValue)")
        }
        let type = try HuggingFaceConfiguration.ModelType(of: configuration)
        let json = try HuggingFaceConfiguration.json(configuration, tokens: tokens, as: elementType)
        try checkRange(of: elementType)
        let parameters = WrittenParameters(model: self, naming: .huggingFace, rotaryLayout: .rotateHalf, replacement: replacement)
        do throws(TensorFileError) {
            try AtomicFolder.write(to: folder, replacing: Self.isPartOfModel) { (folder) throws(TensorFileError) in
                try parameters.writeShards(to: folder, as: elementType, shardSize: shardSize)
                try Self.write(tokens.generationJSON, to: "\(folder)/generation_config.json")
                if let tokenizerFolder { try Self.copyTokenizer(from: tokenizerFolder, to: folder) }
                try Self.write(json, to: "\(folder)/\(HuggingFaceFolder.configurationName)")
            }
        } catch {
            throw .file(error)
        }
        return type
    }

    /// Whether a file belongs to a folder of a model, which another takes the place of.
    private static func isPartOfModel(_ name: String) -> Bool {
        if tokenizerFiles.contains(name) || [HuggingFaceFolder.configurationName, "model.safetensors.index.json"].contains(name) {
            return true
        }
        return name.hasPrefix("model") && name.hasSuffix(".safetensors")
    }

    private static func write(_ json: JSON, to path: String) throws(TensorFileError) {
        try AtomicFile.write(Foundation.Data((json.indented + "\n").utf8), to: path)
    }

    private static func copyTokenizer(from source: String, to folder: String) throws(TensorFileError) {
        for name in tokenizerFiles where HuggingFaceFolder.has(name, in: source) {
            try AtomicFile.write(try TensorFile.pages(of: "\(source)/\(name)"), to: "\(folder)/\(name)")
        }
    }
}

extension WrittenParameters {
    /// One file, or several with an index, each of `shardSize` bytes at the most where a tensor allows it.
    fileprivate func writeShards(to folder: String, as elementType: ElementType, shardSize: Int) throws(TensorFileError) {
        let metadata = ["format": "pt"]
        var shards: [SafetensorsWriter] = [SafetensorsWriter(metadata: metadata)]
        for (place, tensor) in model.placedParameters {
            let size = tensor.count * elementType.size
            let used = shards[shards.count - 1].byteCount
            if used > 0, used + size > shardSize { shards.append(SafetensorsWriter(metadata: metadata)) }
            shards[shards.count - 1].add(name(place), shape: tensor.shape, as: elementType) { () throws(TensorFileError) in
                values(place, tensor)
            }
        }
        guard shards.count > 1 else { return try shards[0].write(to: "\(folder)/model.safetensors") }
        var map = JSONObject()
        for (index, shard) in shards.enumerated() {
            let name = "model-\(Self.padded(index + 1))-of-\(Self.padded(shards.count)).safetensors"
            try shard.write(to: "\(folder)/\(name)")
            for tensor in shard.names { map[tensor] = .string(name) }
        }
        let index: JSON = [
            "metadata": ["total_size": .integer(shards.reduce(0) { $0 + $1.byteCount })], "weight_map": .object(map),
        ]
        try AtomicFile.write(Foundation.Data((index.indented + "\n").utf8), to: "\(folder)/model.safetensors.index.json")
    }

    private static func padded(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(5 - digits.count, 0)) + digits
    }
}
