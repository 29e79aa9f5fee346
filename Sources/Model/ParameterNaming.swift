/// What the parameters of a model are called in a kind of file.
public struct ParameterNaming: Sendable, Hashable, CaseIterable {
    private enum Scheme { case classic, huggingFace, gguf }

    private let scheme: Scheme
    /// The modules of a layer that a family calls by another name.
    private(set) var renamed: [LayerPart: String] = [:]
    /// The last norm, where a family calls it by another name.
    private var renamedNorm: String?

    /// MiniMind's own, of the `v2-classic` generation.
    public static let classic = ParameterNaming(scheme: .classic)
    /// Hugging Face's for a Llama, which most other classes have too.
    public static let huggingFace = ParameterNaming(scheme: .huggingFace)
    /// Hugging Face's where norms stand after attention and feed-forward layer.
    static let huggingFaceWithOutputNorms = huggingFace.renaming([
        .attentionOutputNorm: "post_attention_layernorm", .feedForwardNorm: "pre_feedforward_layernorm",
    ])
    /// llama.cpp's. The routed experts of a layer stand in one tensor `[experts, out, in]` there.
    public static let gguf = ParameterNaming(scheme: .gguf)

    /// The namings of all schemes, as most families have them.
    public static let allCases = [classic, huggingFace, gguf]

    private init(scheme: Scheme) { self.scheme = scheme }

    /// The same but for some modules of a layer; a linear layer's bias goes with its weight.
    ///
    /// - Parameter norm: the last norm; `nil` where it keeps its name
    func renaming(_ names: [LayerPart: String], norm: String? = nil) -> ParameterNaming {
        var naming = self
        naming.renamed.merge(names) { $1 }
        naming.renamedNorm = norm ?? renamedNorm
        return naming
    }

    /// Whether the routed experts of a layer stand in one tensor.
    var stacksExperts: Bool { scheme == .gguf }

    /// Whether the kernels of a convolution are `[channels, width]`, and not `[channels, 1, width]` as in the model.
    var flattensKernels: Bool { scheme == .gguf }

    /// Whether the heads of values of linear attention are tiled (``ModelConfiguration/valueHeadOrder(of:tiling:)``), and the
    /// rates of its decays are kept as what they multiply by, `-exp(rate)`.
    var tilesValueHeads: Bool { scheme == .gguf }

    /// The whole name of a parameter: `model.layers.0.self_attn.q_proj.weight`.
    public func parameterName(of place: ParameterPlace) -> String { moduleName(of: place) + ending(of: place) }

    /// What tells a parameter from others of its module.
    private func ending(of place: ParameterPlace) -> String {
        switch place {
        case .layer(_, .decayRate): ""
        case .layer(_, .decayBias): scheme == .gguf ? ".bias" : ""
        default: place.isBias ? ".bias" : ".weight"
        }
    }

    /// The name of the module that a parameter belongs to: `model.layers.0.self_attn.q_proj`.
    public func moduleName(of place: ParameterPlace) -> String {
        if case .norm = place, let renamedNorm { return renamedNorm }
        return switch (scheme, place) {
        case (.classic, .embedding): "tok_embeddings"
        case (.classic, .norm): "norm"
        case (.classic, .output): "output"
        case (.huggingFace, .embedding): "model.embed_tokens"
        case (.huggingFace, .norm): "model.norm"
        case (.huggingFace, .output): "lm_head"
        case (.gguf, .embedding): "token_embd"
        case (.gguf, .norm): "output_norm"
        case (.gguf, .output): "output"
        case (_, .layer(let index, let part)): "\(layerPrefix)\(index).\(name(of: part))"
        }
    }

    /// What stands before the number of a layer.
    var layerPrefix: String {
        switch scheme {
        case .classic: "layers."
        case .huggingFace: "model.layers."
        case .gguf: "blk."
        }
    }

    private func name(of part: LayerPart) -> String {
        let key = if case .bias(let role, let expert) = part { LayerPart.linear(role, expert) } else { part }
        if let name = renamed[key] { return name }
        return switch scheme {
        case .classic: classicName(part)
        case .huggingFace: huggingFaceName(part)
        case .gguf: ggufName(part)
        }
    }

    private func classicName(_ part: LayerPart) -> String {
        switch part {
        case .attentionNorm: return "attention_norm"
        case .attentionOutputNorm: return "attention_output_norm"
        case .feedForwardOutputNorm: return "ffn_output_norm"
        case .feedForwardNorm: return "ffn_norm"
        case .queryNorm: return "attention.q_norm"
        case .keyNorm: return "attention.k_norm"
        case .router: return "feed_forward.gate"
        case .convolution, .convolutionBias: return "convolution.kernel"
        case .decayRate: return "linear_attention.decay_rate"
        case .decayBias: return "linear_attention.decay_bias"
        case .deltaNorm: return "linear_attention.norm"
        case .linear(let role, let expert), .bias(let role, let expert):
            let folder =
                switch expert {
                case _ where role.isAttention: "attention"
                case _ where role.isLinearAttention: "linear_attention"
                case nil: role.isFeedForward ? "feed_forward" : "convolution"
                case .routed(let index): "feed_forward.experts.\(index)"
                // The published model has one, and its name no number.
                case .shared(let index): "feed_forward.shared_experts" + (index == 0 ? "" : ".\(index)")
                }
            let names: [LinearRole: String] = [
                .query: "wq", .key: "wk", .value: "wv", .output: "wo", .gate: "w1", .up: "w3", .down: "w2",
                .queryKeyValue: "wqkv", .gateUp: "w13",
                .convolutionInput: "in_proj", .convolutionOutput: "out_proj", .deltaInput: "wqkv", .deltaGate: "wz", .deltaBeta: "wb",
                .deltaDecay: "wa", .deltaOutput: "wo",
            ]
            return "\(folder).\(names[role] ?? role.rawValue)"
        }
    }

    private func huggingFaceName(_ part: LayerPart) -> String {
        switch part {
        case .attentionNorm: return "input_layernorm"
        case .attentionOutputNorm: return "attention_output_layernorm"
        case .feedForwardOutputNorm: return "post_feedforward_layernorm"
        case .feedForwardNorm: return "post_attention_layernorm"
        case .queryNorm: return "self_attn.q_norm"
        case .keyNorm: return "self_attn.k_norm"
        case .router: return "mlp.gate"
        case .convolution, .convolutionBias: return "conv.conv"
        case .decayRate: return "linear_attn.A_log"
        case .decayBias: return "linear_attn.dt_bias"
        case .deltaNorm: return "linear_attn.norm"
        case .linear(let role, let expert), .bias(let role, let expert):
            let folder =
                switch expert {
                case _ where role.isAttention: "self_attn"
                case _ where role.isLinearAttention: "linear_attn"
                case nil: role.isFeedForward ? "mlp" : "conv"
                case .routed(let index): "mlp.experts.\(index)"
                case .shared(let index): "mlp.shared_experts.\(index)"
                }
            return "\(folder).\(role.projectionName)"
        }
    }

    private func ggufName(_ part: LayerPart) -> String {
        switch part {
        case .attentionNorm: return "attn_norm"
        case .attentionOutputNorm: return "post_attention_norm"
        case .feedForwardOutputNorm: return "post_ffw_norm"
        case .feedForwardNorm: return "ffn_norm"
        case .queryNorm: return "attn_q_norm"
        case .keyNorm: return "attn_k_norm"
        case .router: return "ffn_gate_inp"
        case .convolution, .convolutionBias: return "shortconv.conv"
        case .decayRate: return "ssm_a"
        case .decayBias: return "ssm_dt"
        case .deltaNorm: return "ssm_norm"
        case .linear(let role, let expert), .bias(let role, let expert):
            let name =
                switch role {
                case .query: "attn_q"
                case .key: "attn_k"
                case .value: "attn_v"
                case .output: "attn_output"
                case .gate: "ffn_gate"
                case .up: "ffn_up"
                case .down: "ffn_down"
                case .queryKeyValue: "attn_qkv"
                case .gateUp: "ffn_gate_up"
                case .convolutionInput: "shortconv.in_proj"
                case .convolutionOutput: "shortconv.out_proj"
                case .deltaInput: "ssm_in"
                case .deltaGate: "attn_gate"
                case .deltaBeta: "ssm_beta"
                case .deltaDecay: "ssm_alpha"
                case .deltaOutput: "ssm_out"
                }
            return switch expert {
            case nil: name
            case .routed: name + "_exps"
            case .shared: name + "_shexp"
            }
        }
    }
}

extension LinearRole {
    /// Hugging Face's word, by which users of PEFT choose layers: `q_proj`.
    var projectionName: String {
        switch self {
        case .query: "q_proj"
        case .key: "k_proj"
        case .value: "v_proj"
        case .output: "o_proj"
        case .gate: "gate_proj"
        case .up: "up_proj"
        case .down: "down_proj"
        case .queryKeyValue: "qkv_proj"
        case .gateUp: "gate_up_proj"
        case .convolutionInput: "in_proj"
        case .convolutionOutput, .deltaOutput: "out_proj"
        case .deltaInput: "in_proj_qkv"
        case .deltaGate: "in_proj_z"
        case .deltaBeta: "in_proj_b"
        case .deltaDecay: "in_proj_a"
        }
    }
}
