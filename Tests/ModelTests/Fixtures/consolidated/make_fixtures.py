"""Makes tiny models in the form in which Meta and Mistral publish theirs, and the logits of transformers (5.24).

    python make_fixtures.py

llama    params.json and consolidated.00.pth, as of Llama 3.1: angles scaled, the vocabulary said by -1, a table of angles
mistral  params.json and consolidated.safetensors, with a window and heads of a width of their own

The rows of queries and keys are put from half a head apart to pairs beside each other, the reverse of what transformers'
converters do.
"""
import json
import pathlib

import torch
import transformers
from safetensors.torch import save_file

HERE = pathlib.Path(__file__).parent
TOKENS = [3, 17, 30, 5, 5, 21, 22, 9, 31, 1, 30, 12]
SIZES = dict(vocab_size=32, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
             rms_norm_eps=1e-5, tie_word_embeddings=False)


def interleaved(weight, heads):
    rows, width = weight.shape
    return weight.view(heads, 2, rows // heads // 2, width).transpose(1, 2).reshape(rows, width).contiguous()


def fill(model):
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for parameter in model.parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            value = 1 + 0.3 * noise if parameter.dim() == 1 else noise * 1.5 / parameter.shape[-1] ** 0.5
            parameter.copy_(value.to(torch.bfloat16).float())
    return model.float().eval()


def renamed(model, config):
    names = {
        "model.embed_tokens": "tok_embeddings", "model.norm": "norm", "lm_head": "output", "model.layers": "layers",
        "self_attn.q_proj": "attention.wq", "self_attn.k_proj": "attention.wk", "self_attn.v_proj": "attention.wv",
        "self_attn.o_proj": "attention.wo", "mlp.gate_proj": "feed_forward.w1", "mlp.down_proj": "feed_forward.w2",
        "mlp.up_proj": "feed_forward.w3", "input_layernorm": "attention_norm", "post_attention_layernorm": "ffn_norm"}
    result = {}
    for name, value in model.state_dict().items():
        if "q_proj" in name or "k_proj" in name:
            value = interleaved(value, config.num_attention_heads if "q_proj" in name else config.num_key_value_heads)
        for old, new in names.items():
            name = name.replace(old, new)
        result[name] = value.to(torch.bfloat16).clone()
    return result


def make(name, config, kind, params):
    model = fill(kind(config))
    folder = HERE / name
    folder.mkdir(exist_ok=True)
    tensors = renamed(model, config)
    if name == "llama":
        tensors["rope.freqs"] = torch.ones(4, dtype=torch.bfloat16)
        torch.save(tensors, folder / "consolidated.00.pth")
    else:
        save_file(tensors, folder / "consolidated.safetensors")
    (folder / "params.json").write_text(json.dumps(params) + "\n")
    with torch.no_grad():
        logits = model(torch.tensor([TOKENS])).logits[0]
    (folder / "expected.json").write_text(json.dumps({"tokens": TOKENS, "logits": [round(value, 7) for value in logits.flatten().tolist()]}) + "\n")


make("llama", transformers.LlamaConfig(**SIZES, max_position_embeddings=131072, rope_parameters={
    "rope_type": "llama3", "rope_theta": 500000.0, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
    "original_max_position_embeddings": 8192}), transformers.LlamaForCausalLM, {
        "dim": 32, "n_layers": 2, "n_heads": 4, "n_kv_heads": 2, "vocab_size": -1, "multiple_of": 16, "ffn_dim_multiplier": 0.5,
        "norm_eps": 1e-05, "rope_theta": 500000.0, "use_scaled_rope": True})
make("mistral", transformers.MistralConfig(**SIZES, head_dim=12, sliding_window=5, max_position_embeddings=32768, rope_parameters={
    "rope_type": "default", "rope_theta": 10000.0}), transformers.MistralForCausalLM, {
        "dim": 32, "n_layers": 2, "head_dim": 12, "hidden_dim": 48, "n_heads": 4, "n_kv_heads": 2, "norm_eps": 1e-05, "vocab_size": 32,
        "sliding_window": 5})
