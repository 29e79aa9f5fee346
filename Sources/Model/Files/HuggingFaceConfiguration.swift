import Tensor

/// What a Hugging Face `config.json` says of a model.
public struct HuggingFaceConfiguration: Sendable, Equatable {
    /// The `model_type`: which class the folder is made for.
    public enum ModelType: String, Sendable, CaseIterable {
        /// `LlamaForCausalLM`.
        case llama
        /// `Qwen3ForCausalLM`: with a norm for each head's queries and keys.
        case qwen3
        /// `Qwen3MoeForCausalLM`: the same with experts.
        case qwen3MoE = "qwen3_moe"
        /// MiniMind's own code, which such a folder brings along.
        case minimind

        /// The class for generation.
        package var className: String {
            switch self {
            case .llama: "LlamaForCausalLM"
            case .qwen3: "Qwen3ForCausalLM"
            case .qwen3MoE: "Qwen3MoeForCausalLM"
            case .minimind: "MiniMindForCausalLM"
            }
        }
    }

    /// The class that the folder is made for.
    public let type: ModelType
    /// The sizes, and what the model computes.
    public internal(set) var model: ModelConfiguration
    /// The ids of its special tokens.
    public let tokens: SpecialTokens

    /// Reads a configuration. What is left out has the value that the class gives it.
    ///
    /// - Parameters:
    ///   - json: the content of `config.json`
    ///   - weights: by whose keys the generation of a `minimind` is known; `nil` to go by the configuration alone
    /// - Throws: ``ModelError/unsupported(_:)`` for another architecture, or a feature that no model has here;
    ///   ``ModelError/configuration(_:)`` for numbers that no model has
    public init(_ json: JSON, keysOf weights: StateDictionary? = nil) throws(ModelError) {
        guard json.object != nil else { throw .configuration("the configuration is not a JSON object") }
        let fields = ConfigurationFields(json)
        type = try Self.type(fields)
        try Self.checkFeatures(fields, type)
        var model: ModelConfiguration
        switch type {
        case .llama, .qwen3, .qwen3MoE: model = try Self.published(fields, type)
        case .minimind: model = try Self.minimind(fields, weights)
        }
        try model.checkNumbers()
        self.model = model
        tokens = SpecialTokens(
            beginning: try fields.integer("bos_token_id"), ends: try fields.integers("eos_token_id"),
            padding: try fields.integer("pad_token_id"))
    }

    private static func type(_ fields: ConfigurationFields) throws(ModelError) -> ModelType {
        let architecture = fields["architectures"]?.array?.first?.string
        let given = try fields.text("model_type")
        let name = given ?? ModelType.allCases.first { $0.className == architecture }?.rawValue
        guard let name else { throw .configuration("there is no 'model_type'; is this the config.json of a language model?") }
        guard let type = ModelType(rawValue: name) else {
            let known = ModelType.allCases.map(\.rawValue).joined(separator: ", ")
            throw .unsupported("models of type '\(name.prefix(60))' are not read here; \(known) are")
        }
        return type
    }

    /// Refuses what would make another model of the same weights.
    private static func checkFeatures(_ fields: ConfigurationFields, _ type: ModelType) throws(ModelError) {
        if let quantization = fields["quantization_config"] {
            let method = quantization["quant_method"]?.string.map { " (\($0.prefix(40)))" } ?? ""
            throw .unsupported("the weights are quantised\(method), which is read from GGUF files alone; take the model in 16 bits")
        }
        for key in ["attention_bias", "mlp_bias"] where try fields.bool(key) == true {
            throw .unsupported("'\(key)' is true: linear layers with a bias are not supported")
        }
        let activation = try fields.text("hidden_act") ?? "silu"
        guard activation == "silu" || activation == "swish" else {
            throw .unsupported("'hidden_act' is '\(activation.prefix(40))'; silu is the only activation here")
        }
        let layerTypes = fields["layer_types"]?.array?.map { $0.string ?? "?" } ?? []
        if let other = layerTypes.first(where: { $0 != "full_attention" }) {
            throw .unsupported("'layer_types' has '\(other.prefix(40))'; every layer attends to all tokens here")
        }
        // Llama's class has no such window; Qwen's have one where it is switched on and some layers lie above it.
        let layers = try fields.integer("num_hidden_layers") ?? 0
        let firstWindowed = type == .qwen3 ? try fields.integer("max_window_layers") ?? 28 : 0
        if type == .qwen3 || type == .qwen3MoE, layerTypes.isEmpty, firstWindowed < layers,
            try fields.bool("use_sliding_window") == true, try fields.integer("sliding_window") != nil
        {
            throw .unsupported("'use_sliding_window' is true: a sliding window of attention is not supported")
        }
        for place in [fields, try fields.object("rope_parameters"), try fields.object("rope_scaling")] {
            if let part = try place?.number("partial_rotary_factor"), part != 1 {
                throw .unsupported("'partial_rotary_factor' is \(part); whole heads are turned here")
            }
        }
    }

    /// MiniMind's factor of the auxiliary loss, in a folder of a class that has such a loss only where it is asked to.
    static let minimindBalance = "minimind_router_aux_loss_coef"

    /// A Llama or Qwen3, with the defaults of these classes.
    private static func published(_ fields: ConfigurationFields, _ type: ModelType) throws(ModelError) -> ModelConfiguration {
        let heads = try fields.needed("num_attention_heads")
        var experts: ExpertConfiguration?
        if type == .qwen3MoE {
            guard try fields.integer("decoder_sparse_step") ?? 1 == 1, fields["mlp_only_layers"]?.array?.isEmpty ?? true else {
                throw .unsupported(
                    "'decoder_sparse_step' or 'mlp_only_layers' make some layers dense; every layer has experts here, or none")
            }
            // The class adds no such loss unless it is asked to. Where it is, it takes one mean over all layers; here each layer
            // has its own, which together are as much.
            let isBalanced = try fields.bool("output_router_logits") ?? false
            let layers = Float(max(try fields.integer("num_hidden_layers") ?? 1, 1))
            let coefficient = isBalanced ? (try fields.number("router_aux_loss_coef") ?? 0.001) / layers : 0
            experts = ExpertConfiguration(
                count: try fields.integer("num_experts", "num_local_experts") ?? 128,
                perToken: try fields.integer("num_experts_per_tok") ?? 8, sharedCount: 0,
                hiddenDim: try fields.integer("moe_intermediate_size") ?? 768,
                normalizesWeights: try fields.bool("norm_topk_prob") ?? false, balance: .overBatch,
                auxiliaryCoefficient: try fields.number(minimindBalance) ?? coefficient)
        }
        // With experts in every layer nothing is as wide as the dense layers would be.
        let denseDim = try fields.integer("intermediate_size")
        let hiddenDim = type == .qwen3MoE ? denseDim ?? 6144 : try fields.needed("intermediate_size")
        var model = try ModelConfiguration(
            generation: type == .llama ? .v2 : .v3, dim: try fields.needed("hidden_size"),
            layerCount: try fields.needed("num_hidden_layers"), headCount: heads,
            keyValueHeadCount: try fields.integer("num_key_value_heads") ?? (type == .qwen3MoE ? 4 : heads),
            headDim: try fields.integer("head_dim") ?? (type == .qwen3 ? 128 : nil),
            vocabularySize: try fields.needed("vocab_size"), hiddenDim: hiddenDim, experts: experts)
        model.normEpsilon = try fields.number("rms_norm_eps") ?? 1e-6
        model.tiesEmbedding = try fields.bool("tie_word_embeddings") ?? false
        model.contextLength = try fields.integer("max_position_embeddings") ?? (type == .llama ? 2048 : 32768)
        try model.readRotary(fields, defaultTheta: 10000)
        return model
    }
}
