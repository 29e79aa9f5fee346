"""Makes a tiny model of each family with transformers (5.x), and what it computes: logits and gradients.

    python make_fixtures.py [NAME ...]

A folder a model, which the tests find by itself: config.json, model.safetensors (values that bfloat16 has), and expected.json: the logits after every
token of a text, those of the text read part by part with a cache where they are others, and about 32 values of each gradient of the text's mean cross-entropy. To add one, add a line to CASES: the
class, its settings, and whether llama.cpp has an architecture that computes the same.
"""
import json, math, os, shutil, sys
import torch, transformers

HERE = os.path.dirname(os.path.abspath(__file__))
TOKENS = [3, 17, 46, 5, 5, 41, 22, 9, 33, 1, 30, 12]
SIZES = dict(vocab_size=48, hidden_size=32, intermediate_size=40, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
             max_position_embeddings=128, bos_token_id=1, eos_token_id=2, pad_token_id=0)
CASES = {
    "llama-bias": ("LlamaForCausalLM", dict(attention_bias=True, mlp_bias=True, tie_word_embeddings=False), True),
    "llama-gelu": ("LlamaForCausalLM", dict(hidden_act="gelu"), False),
    "qwen3_moe-mixed": ("Qwen3MoeForCausalLM", dict(head_dim=8, num_experts=4, num_experts_per_tok=2, moe_intermediate_size=16,
            norm_topk_prob=True, num_hidden_layers=3, mlp_only_layers=[0, 2]), False),
    "gemma": ("GemmaForCausalLM", dict(head_dim=16), True),
    "gemma2": ("Gemma2ForCausalLM", dict(head_dim=16, sliding_window=5, query_pre_attn_scalar=24,
            attn_logit_softcapping=4.0, final_logit_softcapping=3.0), True),
    "gemma3": ("Gemma3ForCausalLM", dict(head_dim=16, sliding_window=5, query_pre_attn_scalar=24, num_hidden_layers=6), True),
    "mistral": ("MistralForCausalLM", dict(sliding_window=5), False),
    "ministral": ("MinistralForCausalLM", dict(head_dim=8, sliding_window=5, layer_types=["sliding_attention",
            "full_attention"]), False),
    "ministral3": ("Ministral3ForCausalLM", dict(head_dim=8, tie_word_embeddings=False, rope_parameters={"rope_type": "yarn",
            "rope_theta": 10000.0, "factor": 4.0, "original_max_position_embeddings": 3, "mscale": 1.0, "mscale_all_dim": 1.0,
            "llama_4_scaling_beta": 0.5}), True),
    "ministral3-window": ("Ministral3ForCausalLM", dict(head_dim=12, sliding_window=5, rope_parameters={"rope_type": "default",
            "rope_theta": 10000.0, "original_max_position_embeddings": 4, "llama_4_scaling_beta": 0.1}), False),
    "qwen2-window": ("Qwen2ForCausalLM", dict(use_sliding_window=True, sliding_window=5, max_window_layers=1), False),
    "olmo3": ("Olmo3ForCausalLM", dict(sliding_window=5, num_hidden_layers=4), True),
    "exaone4": ("Exaone4ForCausalLM", dict(sliding_window=5, num_hidden_layers=4), False),
    "granite": ("GraniteForCausalLM", dict(embedding_multiplier=12.0, residual_multiplier=0.22,
            attention_multiplier=0.2, logits_scaling=8.0), True),
    "smollm3": ("SmolLM3ForCausalLM", dict(num_hidden_layers=4), True),
    "olmo2": ("Olmo2ForCausalLM", dict(), True),
    "ernie4_5": ("Ernie4_5ForCausalLM", dict(head_dim=12, use_bias=True), False),
    "hunyuan": ("HunYuanDenseV1ForCausalLM", dict(head_dim=16, rope_parameters={"rope_type": "dynamic",
            "rope_theta": 10000.0, "alpha": 100.0, "factor": 1.0}), True),
    "seed_oss": ("SeedOssForCausalLM", dict(head_dim=16), True),
    "helium": ("HeliumForCausalLM", dict(head_dim=8, mlp_bias=True), False),
    "phi3": ("Phi3ForCausalLM", dict(sliding_window=128, resid_pdrop=0.1), True),
    "phi3-window": ("Phi3ForCausalLM", dict(sliding_window=5, hidden_act="gelu"), False),
    "phi4-mini": ("Phi3ForCausalLM", dict(tie_word_embeddings=True, hidden_size=48, num_attention_heads=4, num_key_value_heads=1,
            rope_parameters={"rope_type": "default", "rope_theta": 10000.0, "partial_rotary_factor": 0.7}), True),
    "phi3-wide": ("Phi3ForCausalLM", dict(head_dim=12, num_key_value_heads=4, partial_rotary_factor=0.67), False),
    "phi3-longrope": ("Phi3ForCausalLM", dict(original_max_position_embeddings=8, rope_parameters={"rope_type": "longrope",
            "short_factor": [1.0, 1.1, 1.3, 1.7], "long_factor": [2.0, 2.5, 3.5, 5.5]}), True),
    "phi4-mini-short": ("Phi3ForCausalLM", dict(original_max_position_embeddings=64, partial_rotary_factor=0.75,
            tie_word_embeddings=True, rope_parameters={"rope_type": "longrope", "partial_rotary_factor": 0.75,
            "short_factor": [1.0, 1.25, 1.7], "long_factor": [2.0, 3.5, 5.5], "attention_factor": 1.5}), True),
    "llama-longrope": ("LlamaForCausalLM", dict(rope_parameters={"rope_type": "longrope", "rope_theta": 10000.0, "factor": 16.0,
            "original_max_position_embeddings": 8, "short_factor": [1.0, 1.1, 1.3, 1.7],
            "long_factor": [2.0, 2.5, 3.5, 5.5]}), True),
    "llama-dynamic": ("LlamaForCausalLM", dict(max_position_embeddings=8, rope_parameters={"rope_type": "dynamic",
            "factor": 4.0, "rope_theta": 10000.0}), False),
    "glm": ("GlmForCausalLM", dict(head_dim=12, num_key_value_heads=1, partial_rotary_factor=0.67), False),
    "lfm2": ("Lfm2ForCausalLM", dict(full_attn_idxs=[1], num_hidden_layers=4, block_multiple_of=8), True),
    "lfm2-bias": ("Lfm2ForCausalLM", dict(layer_types=["conv", "full_attention", "conv"], num_hidden_layers=3, conv_bias=True, conv_L_cache=4,
            block_auto_adjust_ff_dim=False, tie_word_embeddings=False), False),
    "lfm2-wide": ("Lfm2ForCausalLM", dict(layer_types=["full_attention", "conv", "full_attention"], num_hidden_layers=3, head_dim=12,
            conv_L_cache=2, block_multiple_of=8, block_ffn_dim_multiplier=1.3, tie_word_embeddings=False), False),
    "lfm2-attention": ("Lfm2ForCausalLM", dict(tie_word_embeddings=False, block_multiple_of=8, rope_parameters={"rope_type": "linear",
            "rope_theta": 10000.0, "factor": 2.0}), False),
    "qwen3_5": ("Qwen3_5ForCausalLM", dict(num_hidden_layers=4, head_dim=16, linear_num_key_heads=2, linear_num_value_heads=4,
            linear_key_head_dim=8, linear_value_head_dim=8, rope_parameters={"rope_type": "default", "rope_theta": 10000.0,
            "partial_rotary_factor": 0.25, "mrope_section": [1, 1, 0], "mrope_interleaved": True}), True),
    "qwen3_5-wide": ("Qwen3_5ForCausalLM", dict(layer_types=["full_attention", "linear_attention", "linear_attention"],
            num_hidden_layers=3, head_dim=12, attention_bias=True, hidden_act="gelu", linear_num_key_heads=1,
            linear_num_value_heads=3, linear_key_head_dim=20, linear_value_head_dim=36, linear_conv_kernel_dim=2,
            partial_rotary_factor=1.0, tie_word_embeddings=True), False),
    "qwen2": ("Qwen2ForCausalLM", dict(tie_word_embeddings=True, rms_norm_eps=1e-06,
            rope_parameters={"rope_type": "default", "rope_theta": 1000000.0}), True),
}


def fill(model):
    """Weights of a size at which norms, scales and biases matter, and which bfloat16 has."""
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if parameter.dim() == 1:
                noise = (parameter if "norm" in name and "bias" not in name else 0) + 0.3 * noise
            else:
                noise = noise * 1.5 / math.sqrt(parameter.shape[-1])
            parameter.copy_(noise.to(torch.bfloat16).float())
    return model.eval()


def some(values):
    values = values.flatten()
    return digits(values[::max(len(values) // 32, 1)])


def digits(values):
    return [float(f"{value:.7g}") for value in values.flatten().tolist()]


for name, (kind, settings, has_gguf) in CASES.items():
    if sys.argv[1:] and name not in sys.argv[1:]:
        continue
    cls = getattr(transformers, kind)
    model = fill(cls(cls.config_class(**{**SIZES, **settings})))
    logits = model(torch.tensor([TOKENS]), use_cache=False).logits[0]
    expected = {"gguf": has_gguf, "tokens": TOKENS, "logits": digits(logits)}
    if settings.get("rope_parameters", {}).get("rope_type") == "dynamic" and "alpha" not in settings["rope_parameters"]:
        cache, parts = None, []
        for part in TOKENS[:5], TOKENS[5:6], TOKENS[6:9], TOKENS[9:10], TOKENS[10:]:
            with torch.no_grad():
                result = model(torch.tensor([part]), past_key_values=cache, use_cache=True)
            cache = result.past_key_values
            parts.append(result.logits[0])
        expected["cached"] = digits(torch.cat(parts))
    torch.nn.functional.cross_entropy(logits[:-1], torch.tensor(TOKENS[1:])).backward()
    # Of a tied projection the embedding's gradient is the sum of both.
    gradients = {key: some(parameter.grad) for key, parameter in model.named_parameters()
                 if key.startswith("model.layers.0.") or "layers" not in key and parameter.dim() == 1}
    folder = os.path.join(HERE, name)
    shutil.rmtree(folder, ignore_errors=True)
    model.to(torch.bfloat16).save_pretrained(folder)
    os.remove(os.path.join(folder, "generation_config.json"))
    with open(os.path.join(folder, "expected.json"), "w") as file:
        json.dump({**expected, "gradients": gradients}, file)
