/// What the parameters of a model are called in a kind of file, without the `.weight` behind the name.
public enum WeightNaming: Sendable, CaseIterable {
    /// MiniMind's own, of the `v2-classic` generation.
    case classic
    /// Hugging Face's Llama and Qwen3, and MiniMind since April 2025.
    case huggingFace
    /// llama.cpp's. The routed experts of a layer stand in one tensor `[experts, out, in]` there.
    case gguf

    /// The name of a parameter.
    public func name(of place: ParameterPlace) -> String {
        switch (self, place) {
        case (.classic, .embedding): "tok_embeddings"
        case (.classic, .norm): "norm"
        case (.classic, .output): "output"
        case (.classic, .layer(let index, let part)): "layers.\(index).\(classicName(part))"
        case (.huggingFace, .embedding): "model.embed_tokens"
        case (.huggingFace, .norm): "model.norm"
        case (.huggingFace, .output): "lm_head"
        case (.huggingFace, .layer(let index, let part)): "model.layers.\(index).\(huggingFaceName(part))"
        case (.gguf, .embedding): "token_embd"
        case (.gguf, .norm): "output_norm"
        case (.gguf, .output): "output"
        case (.gguf, .layer(let index, let part)): "blk.\(index).\(ggufName(part))"
        }
    }

    private func classicName(_ part: LayerPart) -> String {
        switch part {
        case .attentionNorm: return "attention_norm"
        case .feedForwardNorm: return "ffn_norm"
        case .queryNorm: return "attention.q_norm"
        case .keyNorm: return "attention.k_norm"
        case .router: return "feed_forward.gate"
        case .linear(let role, let expert):
            let folder =
                switch expert {
                case _ where role.isAttention: "attention"
                case nil: "feed_forward"
                case .routed(let index): "feed_forward.experts.\(index)"
                // The published model has one, and its name no number.
                case .shared(let index): "feed_forward.shared_experts" + (index == 0 ? "" : ".\(index)")
                }
            let names: [LinearRole: String] = [
                .query: "wq", .key: "wk", .value: "wv", .output: "wo", .gate: "w1", .up: "w3", .down: "w2",
            ]
            return "\(folder).\(names[role] ?? role.rawValue)"
        }
    }

    private func huggingFaceName(_ part: LayerPart) -> String {
        switch part {
        case .attentionNorm: return "input_layernorm"
        case .feedForwardNorm: return "post_attention_layernorm"
        case .queryNorm: return "self_attn.q_norm"
        case .keyNorm: return "self_attn.k_norm"
        case .router: return "mlp.gate"
        case .linear(let role, let expert):
            let folder =
                switch expert {
                case _ where role.isAttention: "self_attn"
                case nil: "mlp"
                case .routed(let index): "mlp.experts.\(index)"
                case .shared(let index): "mlp.shared_experts.\(index)"
                }
            return "\(folder).\(role.projectionName)"
        }
    }

    private func ggufName(_ part: LayerPart) -> String {
        switch part {
        case .attentionNorm: return "attn_norm"
        case .feedForwardNorm: return "ffn_norm"
        case .queryNorm: return "attn_q_norm"
        case .keyNorm: return "attn_k_norm"
        case .router: return "ffn_gate_inp"
        case .linear(let role, let expert):
            let name =
                switch role {
                case .query: "attn_q"
                case .key: "attn_k"
                case .value: "attn_v"
                case .output: "attn_output"
                case .gate: "ffn_gate"
                case .up: "ffn_up"
                case .down: "ffn_down"
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
        }
    }
}
