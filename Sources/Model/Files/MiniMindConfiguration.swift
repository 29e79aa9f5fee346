import Foundation
import Tensor

extension HuggingFaceConfiguration {
    /// The configuration of MiniMind's own class, with the published values for what is left out.
    static func minimind(_ fields: ConfigurationFields, _ weights: StateDictionary?) throws(ModelError) -> ModelConfiguration {
        let generation = weights.flatMap(ModelGeneration.init(keysOf:)) ?? generation(fields)
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
            balance: .overBatch, auxiliaryCoefficient: try fields.number("router_aux_loss_coef") ?? 5e-4)
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
}
