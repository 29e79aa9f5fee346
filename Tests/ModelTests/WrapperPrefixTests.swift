import Testing

@testable import Model

/// Names of parameters without what wrappers put before them.
@Suite("Prefixes of wrappers")
struct WrapperPrefixTests {
    @Test(arguments: [
        ("model.layers.0.mlp.up_proj.weight", "model.layers.0.mlp.up_proj.weight"), ("lm_head.weight", "lm_head.weight"),
        ("module._orig_mod.model.norm.weight", "model.norm.weight"), ("_orig_mod.module.lm_head.weight", "lm_head.weight"),
        ("base_model.model.model.norm.weight", "model.norm.weight"), ("base_model.model.lm_head.weight", "lm_head.weight"),
        ("module.base_model.model._orig_mod.model.norm.weight", "model.norm.weight"),
        ("language_model.model.norm.weight", "model.norm.weight"), ("language_model.lm_head.weight", "lm_head.weight"),
        ("model.language_model.norm.weight", "model.norm.weight"),
        ("base_model.model.model.language_model.layers.0.input_layernorm.weight", "model.layers.0.input_layernorm.weight"),
        ("layers.0.attention.wq.weight", "layers.0.attention.wq.weight"), ("module.", ""), ("", ""),
    ])
    func stripped(_ name: String, _ expected: String) { #expect(name.withoutWrapperPrefixes == expected) }
}
