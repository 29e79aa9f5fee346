import Tensor

/// A whole model in a GGUF file of llama.cpp.
package enum GGUFModel {
    /// The architectures that are models here.
    package enum Architecture: String, CaseIterable {
        case llama, qwen3, qwen3moe

        /// The layout of the rows of queries and keys: llama.cpp turns a Llama's values in neighbouring pairs.
        package var rotaryLayout: RotaryLayout { self == .llama ? .interleaved : .rotateHalf }
    }

    static let frequencyDivisors = "rope_freqs.weight"

    /// - Throws: ``ModelError/unsupported(_:)`` for another architecture or a feature that no model has here,
    ///   ``ModelError/configuration(_:)`` for numbers that no model has
    static func read(_ file: GGUFFile) throws(ModelError) -> (ModelConfiguration, StoredWeights, SpecialTokens) {
        guard let name = file.metadata["general.architecture"]?.string else {
            throw .unrecognized("the file names no 'general.architecture'; is it a model?")
        }
        if let type = file.metadata["general.type"]?.string, type != "model" {
            throw .unrecognized("the file holds a '\(type.prefix(40))', not a model")
        }
        guard let architecture = Architecture(rawValue: name) else {
            let known = Architecture.allCases.map(\.rawValue).joined(separator: ", ")
            throw .unsupported("models of the architecture '\(name.prefix(60))' are not read here; \(known) are")
        }
        if let count = file.metadata["split.count"]?.int, count > 1 {
            throw .unsupported("this is one of \(count) parts of a model; join them with llama.cpp's gguf-split --merge")
        }
        let fields = Fields(metadata: file.metadata, prefix: name)
        let configuration = try configuration(architecture, fields, file.tensors)
        let weights = StoredWeights(file.tensors, naming: .gguf, rotaryLayout: architecture.rotaryLayout)
        let ends = ["tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id"].compactMap { file.metadata[$0]?.int }
        let tokens = SpecialTokens(
            beginning: file.metadata["tokenizer.ggml.bos_token_id"]?.int,
            ends: ends.count == 2 && ends[0] == ends[1] ? [ends[0]] : ends,
            padding: file.metadata["tokenizer.ggml.padding_token_id"]?.int)
        return (configuration, weights, tokens)
    }

    private static func configuration(
        _ architecture: Architecture, _ fields: Fields, _ tensors: StateDictionary
    ) throws(ModelError) -> ModelConfiguration {
        let heads = try fields.needed("attention.head_count")
        let headDim = try fields.integer("attention.key_length")
        if let window = try fields.integer("attention.sliding_window"), window > 0 {
            throw .unsupported("a sliding window of attention is not supported")
        }
        let embedding = WeightNaming.gguf.name(of: .embedding) + ".weight"
        guard let table = tensors[embedding], table.shape.count == 2 else { throw .missingWeight(name: embedding) }
        let experts = try experts(architecture, fields)
        let denseDim = try fields.integer("feed_forward_length")
        guard let hidden = denseDim ?? experts?.hiddenDim else { throw fields.missing("feed_forward_length") }
        var model = try ModelConfiguration(
            generation: architecture == .llama ? .v2 : .v3, dim: try fields.needed("embedding_length"),
            layerCount: try fields.needed("block_count"), headCount: heads,
            keyValueHeadCount: try fields.integer("attention.head_count_kv") ?? heads, headDim: headDim,
            vocabularySize: table.shape[0], hiddenDim: hidden, experts: experts)
        if let valueDim = try fields.integer("attention.value_length"), valueDim != model.headDim {
            throw .unsupported("values of \(valueDim) beside keys of \(model.headDim) a head are not supported")
        }
        guard let epsilon = try fields.number("attention.layer_norm_rms_epsilon") else {
            throw fields.missing("attention.layer_norm_rms_epsilon")
        }
        model.normEpsilon = epsilon
        model.tiesEmbedding = tensors[WeightNaming.gguf.name(of: .output) + ".weight"] == nil
        model.contextLength = try fields.integer("context_length") ?? model.contextLength
        model.ropeTheta = try fields.number("rope.freq_base") ?? 10000
        if let turned = try fields.integer("rope.dimension_count"), turned != model.headDim {
            throw .unsupported("\(turned) of the \(model.headDim) values of a head are turned; whole heads are turned here")
        }
        model.ropeScaling = try rotaryScaling(fields, model, tensors)
        try model.checkNumbers()
        return model
    }

    /// The factor of the experts' auxiliary loss.
    static let balance = "router_aux_loss_coef"

    private static func experts(_ architecture: Architecture, _ fields: Fields) throws(ModelError) -> ExpertConfiguration? {
        let count = try fields.integer("expert_count") ?? 0
        guard architecture == .qwen3moe else {
            guard count == 0 else { throw .unsupported("a mixture of experts of the architecture '\(architecture)' is not supported") }
            return nil
        }
        if let shared = try fields.integer("expert_shared_count"), shared > 0 {
            throw .unsupported("shared experts of the architecture '\(architecture)' are not supported")
        }
        return ExpertConfiguration(
            count: count, perToken: try fields.needed("expert_used_count"), sharedCount: 0,
            hiddenDim: try fields.needed("expert_feed_forward_length"),
            // llama.cpp divides by the sum for this architecture, whatever a file says.
            normalizesWeights: true, balance: .overBatch,
            // Ours alone: others, who only run the model, have no such key.
            auxiliaryCoefficient: try fields.number(balance) ?? 0)
    }

    private static func rotaryScaling(
        _ fields: Fields, _ model: ModelConfiguration, _ tensors: StateDictionary
    ) throws(ModelError) -> RotaryScaling? {
        // As llama.cpp has it: what names no kind is linear, and a factor of 0 is none.
        let type = try fields.text("rope.scaling.type") ?? "linear"
        let given = try fields.number("rope.scaling.factor", "rope.scale_linear") ?? 1
        let factor = given == 0 ? 1 : given
        var scaling: RotaryScaling?
        switch type {
        case "none": break
        case "linear": scaling = factor == 1 ? nil : .linear(factor: factor)
        case "yarn":
            if let multiplier = try fields.number("rope.scaling.yarn_log_multiplier"), multiplier != 0 {
                throw .unsupported("a YaRN with 'yarn_log_multiplier' is not supported")
            }
            let outer = try fields.number("rope.scaling.yarn_attn_factor") ?? 1
            let attention = try fields.number("rope.scaling.attn_factor") ?? 1
            scaling = .yarn(
                .init(
                    factor: factor, originalPositions: try fields.integer("rope.scaling.original_context_length") ?? model.contextLength,
                    fastTurns: try fields.number("rope.scaling.yarn_beta_fast") ?? 32,
                    slowTurns: try fields.number("rope.scaling.yarn_beta_slow") ?? 1,
                    attentionFactor: outer * attention * RotaryScaling.YaRN.attentionFactor(factor)))
        default: throw .unsupported("the rotary scaling '\(type.prefix(40))' is not supported; none, linear and yarn are")
        }
        guard let divisors = tensors[frequencyDivisors] else { return scaling }
        guard scaling == nil else { throw .unsupported("'\(frequencyDivisors)' beside the rotary scaling '\(type)' is not supported") }
        guard divisors.shape == [model.headDim / 2] else {
            throw .shape(name: frequencyDivisors, found: divisors.shape, expected: [model.headDim / 2])
        }
        do throws(TensorFileError) {
            let values = try divisors.floats()
            return values.allSatisfy { $0 == 1 } ? nil : .divisors(values)
        } catch {
            throw .unreadableWeight(name: frequencyDivisors, reason: "\(error)")
        }
    }

    /// The metadata of the architecture.
    private struct Fields {
        let metadata: GGUFMetadata
        let prefix: String

        func has(_ key: String) -> Bool { metadata["\(prefix).\(key)"] != nil }

        /// A number, or the one that all layers have.
        func integer(_ key: String) throws(ModelError) -> Int? {
            guard let value = metadata["\(prefix).\(key)"] else { return nil }
            if let integer = value.int { return integer }
            if let list = value.ints, let first = list.first {
                guard list.allSatisfy({ $0 == first }) else {
                    throw .unsupported("'\(prefix).\(key)' differs from layer to layer, which is not supported")
                }
                return first
            }
            throw .configuration("'\(prefix).\(key)' is no whole number")
        }

        /// Of several keys the first that is there counts.
        func number(_ keys: String...) throws(ModelError) -> Float? {
            guard let key = keys.first(where: has), let value = metadata["\(prefix).\(key)"] else { return nil }
            guard let number = value.float, number.isFinite else { throw .configuration("'\(prefix).\(key)' is no number") }
            return number
        }

        func text(_ key: String) throws(ModelError) -> String? {
            guard let value = metadata["\(prefix).\(key)"] else { return nil }
            guard let text = value.string else { throw .configuration("'\(prefix).\(key)' is no text") }
            return text
        }

        func needed(_ key: String) throws(ModelError) -> Int {
            guard let value = try integer(key) else { throw missing(key) }
            return value
        }

        func missing(_ key: String) -> ModelError { .configuration("'\(prefix).\(key)' is missing") }
    }
}
