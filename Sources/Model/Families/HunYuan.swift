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
            var model = try fields.model(.hunYuan, contextLength: 2048, normEpsilon: 1e-5, ropeTypeIgnored: isStretched)
            if isStretched, alpha > 0 { model.ropeTheta *= powf(alpha, Float(model.headDim) / Float(model.headDim - 2)) }
            model.activation = try fields.activation("hidden_act")
            if try fields.bool("attention_bias") ?? false { model.biases = [.query, .key, .value, .output] }
            model.queryKeyNorm = .perHeadAfterRotation
            return model
        } write: { model, json throws(ModelError) in
            json["head_dim"] = .integer(model.headDim)
            json["rope_scaling"] = try model.huggingFaceRotaryScaling()
            json["attention_bias"] = .bool(try model.hasBiases(on: [.query, .key, .value, .output]))
            json["attention_dropout"] = 0.0
        },
        gguf: GGUF(architecture: "hunyuan-dense", rotaryLayout: .rotateHalf) { fields, _, model throws(ModelError) in
            try fields.refuseExperts()
            model.queryKeyNorm = .perHeadAfterRotation
        } write: { _, _ throws(ModelError) in
        })
}
