import Foundation
import Tensor

/// The three generations of MiniMind: what a published file's keys are called, and what a model is where
/// nothing else says so.
public enum ModelGeneration: String, Sendable, CaseIterable {
    /// February to April 2025: keys of its own, rotary pairs interleaved.
    case v2Classic = "v2-classic"
    /// From April 2025: a Llama as Hugging Face has it.
    case v2
    /// From March 2026: a Qwen3, with a norm for each head's queries and keys.
    case v3

    /// The family of its models.
    public var family: ModelFamily {
        switch self {
        case .v2Classic: .minimindClassic
        case .v2: .minimind2
        case .v3: .minimind3
        }
    }

    /// What the parameters are called in its state dict.
    public var naming: ParameterNaming { self == .v2Classic ? .classic : .huggingFace }

    /// Which values of a head turn together.
    var rotaryLayout: RotaryLayout { self == .v2Classic ? .interleaved : .rotateHalf }

    /// The published width of the residual stream.
    public var defaultDim: Int { self == .v3 ? 768 : 512 }

    /// The published number of heads of keys and values.
    public var defaultKeyValueHeadCount: Int { self == .v3 ? 4 : 2 }

    /// How many positions the published configuration names.
    var defaultContextLength: Int { self == .v2Classic ? 8192 : 32768 }

    var defaultNormEpsilon: Float { self == .v3 ? 1e-6 : 1e-5 }

    /// The published width inside the feed-forward layer: 2/3 · 4 · dim, or π · dim, rounded up to a multiple
    /// of 64.
    func defaultHiddenDim(_ dim: Int) -> Int {
        self == .v3 ? Int((Double(dim) * .pi / 64).rounded(.up)) * 64 : (8 * dim / 3 + 63) / 64 * 64
    }

    /// The published mixture of experts.
    public var defaultExperts: ExpertConfiguration {
        self == .v3
            ? ExpertConfiguration(
                perToken: 1, sharedCount: 0, normalizesSingleWeight: true, balance: .overBatch, auxiliaryCoefficient: 5e-4)
            : ExpertConfiguration()
    }
}

extension ModelFamily {
    static let minimindClassic: ModelFamily = minimind(.v2Classic)
    static let minimind2: ModelFamily = minimind(.v2)
    static let minimind3: ModelFamily = minimind(.v3)

    private static func minimind(_ generation: ModelGeneration) -> ModelFamily {
        // The settings say which generation they are of.
        let form = HuggingFace(modelType: "minimind", className: "MiniMindForCausalLM") { fields throws(ModelError) in
            for key in ["attention_bias", "mlp_bias"] where try fields.bool(key) == true {
                throw .unsupported("'\(key)' is true: MiniMind's linear layers have no bias")
            }
            try fields.refuseLayerTypes()
            var model = try ModelConfiguration.minimind(fields)
            model.activation = try fields.activation("hidden_act") ?? .silu
            return model
        } write: { model, json throws(ModelError) in
            try ModelConfiguration.writeMinimind(model, &json)
        }
        var family = ModelFamily(
            name: "MiniMind \(generation.rawValue)", huggingFace: form, naming: generation.naming, generation: generation)
        family.writtenAs = { model throws(ModelError) in try otherFamily(of: model) }
        return family
    }

    /// A Llama or a Qwen3 where it is one; `nil` for MiniMind's own class of 2025.
    ///
    /// - Throws: ``ModelError/unsupported(_:)`` where no class computes the same
    private static func otherFamily(of model: ModelConfiguration) throws(ModelError) -> ModelFamily? {
        guard let experts = model.experts else { return model.normalizesHeads ? .qwen3 : .llama }
        if model.normalizesHeads {
            guard experts.sharedCount == 0 else {
                throw .unsupported(
                    "no class of transformers, and no architecture of llama.cpp, has norms of heads and shared experts; write the model as a state dict"
                )
            }
            return .qwen3MoE
        }
        return nil
    }
}

extension ModelConfiguration {
    /// The configuration of MiniMind's own class, with the published values for what is left out.
    fileprivate static func minimind(_ fields: ConfigurationFields) throws(ModelError) -> ModelConfiguration {
        let generation = fields.weights.flatMap(ModelGeneration.init(keysOf:)) ?? generation(fields)
        if generation == .v2Classic { return try classic(fields) }
        let dim = try fields.integer("hidden_size") ?? generation.defaultDim
        let heads = try fields.integer("num_attention_heads") ?? 8
        // A null means as many as heads; only what is missing is as published.
        let keyValueHeads = fields.isNull("num_key_value_heads") ? heads : nil
        var experts: ExpertConfiguration?
        if try fields.bool("use_moe") ?? false {
            experts = generation == .v3 ? try switchedExperts(fields) : try balancedExperts(fields)
        }
        var model = try ModelConfiguration(
            generation: generation, dim: dim, layerCount: try fields.integer("num_hidden_layers") ?? 8, headCount: heads,
            keyValueHeadCount: try fields.integer("num_key_value_heads") ?? keyValueHeads,
            headDim: generation == .v3 ? try fields.integer("head_dim") : nil,
            vocabularySize: try fields.integer("vocab_size") ?? 6400, hiddenDim: try fields.integer("intermediate_size"),
            experts: experts)
        if let epsilon = try fields.number("rms_norm_eps") { model.normEpsilon = epsilon }
        model.contextLength = try fields.integer("max_position_embeddings") ?? model.contextLength
        model.tiesEmbedding = generation == .v3 ? try fields.bool("tie_word_embeddings") ?? true : true
        let theta = try fields.object("rope_parameters")?.number("rope_theta")
        model.ropeTheta = try fields.number("rope_theta") ?? theta ?? 1e6
        // The class makes its scaling of this switch alone, and leaves it out for short contexts.
        let isScaled = try fields.bool("inference_rope_scaling") ?? false
        if isScaled, model.contextLength > RotaryScaling.YaRN.minimind.originalPositions {
            model.ropeScaling = try scaling(fields, model)
        }
        return model
    }

    /// By the fields that only one of the classes has.
    private static func generation(_ fields: ConfigurationFields) -> ModelGeneration {
        if fields["dim"] != nil || fields["n_layers"] != nil { return .v2Classic }
        let isThird = ["head_dim", "num_experts", "moe_intermediate_size", "router_aux_loss_coef"].contains { fields[$0] != nil }
        return isThird ? .v3 : .v2
    }

    /// Of February to April 2025.
    private static func classic(_ fields: ConfigurationFields) throws(ModelError) -> ModelConfiguration {
        let dim = try fields.integer("dim") ?? 512
        let heads = try fields.integer("n_heads") ?? 8
        let keyValueHeads = fields.isNull("n_kv_heads") ? heads : nil
        let multiple = try fields.integer("multiple_of") ?? 64
        guard dim > 0, dim < 1 << 31, multiple > 0, multiple < 1 << 31 else {
            throw .configuration("'dim' \(dim) or 'multiple_of' \(multiple) is no size")
        }
        let hidden = (8 * dim / 3 + multiple - 1) / multiple * multiple
        let isMixture = try fields.bool("use_moe") ?? false
        var experts = isMixture ? try balancedExperts(fields) : nil
        // This class asks only whether anything is said, be it false or 2.
        experts?.sharedCount = fields.isNull("n_shared_experts") ? 0 : 1
        var model = try ModelConfiguration(
            generation: .v2Classic, dim: dim, layerCount: try fields.integer("n_layers") ?? 8, headCount: heads,
            keyValueHeadCount: try fields.integer("n_kv_heads") ?? keyValueHeads, vocabularySize: try fields.integer("vocab_size") ?? 6400,
            hiddenDim: try fields.integer("hidden_dim") ?? hidden, experts: experts)
        if let epsilon = try fields.number("norm_eps") { model.normEpsilon = epsilon }
        model.contextLength = try fields.integer("max_seq_len") ?? model.contextLength
        model.ropeTheta = try fields.number("rope_theta") ?? 1e6
        return model
    }

    /// The experts of 2025.
    private static func balancedExperts(_ fields: ConfigurationFields) throws(ModelError) -> ExpertConfiguration {
        let scoring = try fields.text("scoring_func") ?? "softmax"
        guard scoring == "softmax" else { throw .unsupported("'scoring_func' is '\(scoring.prefix(40))'; softmax is the only one here") }
        // Once it was a truth value.
        let isShared = fields["n_shared_experts"]?.bool
        let shared = isShared == nil ? try fields.integer("n_shared_experts") ?? 1 : isShared == true ? 1 : 0
        return ExpertConfiguration(
            count: try fields.integer("n_routed_experts") ?? 4, perToken: try fields.integer("num_experts_per_tok") ?? 2,
            sharedCount: shared,
            normalizesWeights: try fields.bool("norm_topk_prob") ?? true,
            balance: try fields.bool("seq_aux") ?? true ? .perSequence : .overBatchByShares,
            auxiliaryCoefficient: try fields.number("aux_loss_alpha") ?? 0.1)
    }

    /// The experts of 2026.
    private static func switchedExperts(_ fields: ConfigurationFields) throws(ModelError) -> ExpertConfiguration {
        ExpertConfiguration(
            count: try fields.integer("num_experts") ?? 4, perToken: try fields.integer("num_experts_per_tok") ?? 1, sharedCount: 0,
            hiddenDim: try fields.integer("moe_intermediate_size"), normalizesWeights: try fields.bool("norm_topk_prob") ?? true,
            normalizesSingleWeight: true, balance: .overBatch, auxiliaryCoefficient: try fields.number("router_aux_loss_coef") ?? 5e-4)
    }

    /// Far above any of a real model.
    private static let maximumHeadDim = 1 << 16

    /// The scaling that `inference_rope_scaling` switches on.
    private static func scaling(_ fields: ConfigurationFields, _ model: ModelConfiguration) throws(ModelError) -> RotaryScaling {
        // Saved between October and December 2025, by code that had a formula of its own and no such field.
        guard let old = try fields.object("rope_scaling"), try old.number("attention_factor") == nil else { return .yarn(.minimind) }
        let factor = try old.number("factor") ?? 4
        let original = try old.integer("original_max_position_embeddings") ?? 2048
        let (fast, slow) = (try old.number("beta_fast") ?? 4, try old.number("beta_slow") ?? 1)
        guard model.headDim <= maximumHeadDim else {
            throw .configuration("heads of \(model.headDim) values are none that a model could have")
        }
        let plain = RotaryTable.frequencies(headDim: model.headDim, base: model.ropeTheta)
        let corrected = plain.firstIndex { 2 * .pi / $0 > Float(original) } ?? plain.count
        return .divisors(
            plain.indices.map { pair in
                guard pair < corrected else { return factor }
                let beta = slow + (fast - slow) * Float(pair) / Float(max(plain.count - 1, 1))
                return beta * factor / (beta * factor - beta + 1)
            })
    }

    /// Whether MiniMind has published a model of these sizes.
    var isPublishedMiniMind: Bool {
        guard let generation = family.generation, family.isMiniMind else { return false }
        let sizes: [(dim: Int, layerCount: Int, hasExperts: Bool)] =
            generation == .v3 ? [(768, 8, false), (768, 8, true)] : [(512, 8, false), (768, 16, false), (640, 8, true)]
        return sizes.contains { size in
            let published = try? ModelConfiguration(
                generation: generation, dim: size.dim, layerCount: size.layerCount,
                experts: size.hasExperts ? generation.defaultExperts : nil)
            return published == self
        }
    }

    /// The settings of MiniMind's own classes, as ``minimind(_:)`` reads them.
    func minimindSettings() -> JSONObject {
        var json: JSONObject = ["model_type": "minimind", "architectures": ["MiniMindForCausalLM"]]
        json["vocab_size"] = .integer(vocabularySize)
        json["rope_theta"] = .number(ropeTheta.shortest)
        json["use_moe"] = .bool(experts != nil)
        json["hidden_act"] = .string(activation.huggingFaceName)
        let isClassic = generation == .v2Classic
        let keys =
            isClassic
            ? ["dim", "n_layers", "n_heads", "n_kv_heads", "hidden_dim", "max_seq_len"]
            : [
                "hidden_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "intermediate_size",
                "max_position_embeddings",
            ]
        for (key, size) in zip(keys, [dim, layerCount, headCount, keyValueHeadCount, hiddenDim, contextLength]) {
            json[key] = .integer(size)
        }
        json[isClassic ? "norm_eps" : "rms_norm_eps"] = .number(normEpsilon.shortest)
        if !isClassic {
            json["inference_rope_scaling"] = .bool(ropeScaling != nil)
            json["tie_word_embeddings"] = .bool(tiesEmbedding)
        }
        if generation == .v3 { json["head_dim"] = .integer(headDim) }
        guard let experts else { return json }
        if generation == .v3 {
            json["num_experts_per_tok"] = .integer(experts.perToken)
            json["norm_topk_prob"] = .bool(experts.normalizesWeights)
            json["num_experts"] = .integer(experts.count)
            json["moe_intermediate_size"] = experts.hiddenDim.map(JSON.integer) ?? .null
            json["router_aux_loss_coef"] = .number(experts.auxiliaryCoefficient.shortest)
        } else {
            Self.writeBalanced(experts, &json)
            // The class asks only whether anything is said.
            if isClassic, experts.sharedCount == 0 { json["n_shared_experts"] = .null }
        }
        return json
    }

    /// Adds the settings of MiniMind's class of 2025 with experts: the one of its models that no other class computes.
    ///
    /// - Throws: ``ModelError/unsupported(_:)``
    fileprivate static func writeMinimind(_ model: ModelConfiguration, _ json: inout JSONObject) throws(ModelError) {
        // The class has one width, whole heads, and its own two scalings; and it cannot but tie.
        let isOwn =
            model.headDim * model.headCount == model.dim && model.tiesEmbedding
            && (model.ropeScaling == nil || model.ropeScaling == .yarn(.minimind))
        guard isOwn, let experts = model.experts else {
            throw .unsupported("no class of transformers has experts without norms of heads, but MiniMind's, and that not of this kind")
        }
        json["dropout"] = 0.0
        json["flash_attn"] = true
        json["inference_rope_scaling"] = .bool(model.ropeScaling != nil)
        json["use_moe"] = true
        json["intermediate_size"] = .integer(experts.hiddenDim ?? model.hiddenDim)
        writeBalanced(experts, &json)
    }

    /// The experts of 2025, as ``balancedExperts(_:)`` reads them.
    private static func writeBalanced(_ experts: ExpertConfiguration, _ json: inout JSONObject) {
        json["n_routed_experts"] = .integer(experts.count)
        json["num_experts_per_tok"] = .integer(experts.perToken)
        json["n_shared_experts"] = .integer(experts.sharedCount)
        json["scoring_func"] = "softmax"
        json["aux_loss_alpha"] = .number(experts.auxiliaryCoefficient.shortest)
        json["seq_aux"] = .bool(experts.balance == .perSequence)
        json["norm_topk_prob"] = .bool(experts.normalizesWeights)
    }
}
