import Foundation
import Tensor

extension ModelFamily {
    /// HunYuan without experts: a norm for each head's queries and keys after they are turned.
    static let hunYuan: ModelFamily = ModelFamily(
        name: "HunYuan",
        huggingFace: HuggingFace(
            modelType: "hunyuan_v1_dense", className: "HunYuanDenseV1ForCausalLM",
            naming: .huggingFace.renaming([.queryNorm: "self_attn.query_layernorm", .keyNorm: "self_attn.key_layernorm"])
        ) { fields throws(ModelError) in
            // A fixed factor of the base, which published settings call dynamic.
            let (newer, older) = (try fields.object("rope_parameters"), try fields.object("rope_scaling"))
            let scaling = newer ?? older
            let alpha = try scaling?.number("alpha") ?? 0
            let isStretched = try scaling?.text("rope_type", "type") == "dynamic" && alpha != 0
            // The base alone: of a fixed factor no other kind of scaling is left.
            let rotary = isStretched ? ConfigurationFields(["rope_theta": scaling?["rope_theta"] ?? .null]) : nil
            var model = try fields.model(.hunYuan, contextLength: 2048, normEpsilon: 1e-5, rotary: rotary)
            if isStretched, alpha > 0 { model.ropeTheta *= powf(alpha, Float(model.headDim) / Float(model.headDim - 2)) }
            try fields.readAttentionBias(into: &model)
            model.queryKeyNorm = .perHeadAfterRotation
            return model
        } write: { model, json throws(ModelError) in
            try model.writeAttention(to: &json)
            try model.writeAttentionBias(to: &json)
        },
        gguf: GGUF(architecture: "hunyuan-dense", rotaryLayout: .rotateHalf) { fields, _, model throws(ModelError) in
            model.queryKeyNorm = .perHeadAfterRotation
        })
}
