"""Makes tiny models with transformers (5.x) and the gguf package, and the logits that they compute.

    python make_fixtures.py

Folders: llama (untied, heads wider than dim / heads, bfloat16, in shards), qwen3 (tied, linear rotary scaling),
qwen3-moe (an expert a tensor) and qwen3-moe-stacked (the experts of a layer in one tensor). llama.gguf is the llama
as llama.cpp's converter writes it. rotary.json: frequencies of every kind of rotary scaling.
"""
import json, os, shutil, math
import gguf, numpy, torch
from safetensors.torch import save_file
from transformers import LlamaConfig, LlamaForCausalLM, Qwen3Config, Qwen3ForCausalLM, Qwen3MoeConfig, Qwen3MoeForCausalLM
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

HERE = os.path.dirname(os.path.abspath(__file__))
TOKENS = [3, 17, 46, 5, 5, 41, 22, 9, 33, 1]
LLAMA = dict(vocab_size=48, hidden_size=32, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
             head_dim=12, tie_word_embeddings=False, rms_norm_eps=1e-5, max_position_embeddings=256, bos_token_id=1, eos_token_id=[2, 3],
             rope_parameters=dict(rope_type="llama3", rope_theta=500000.0, factor=4.0, low_freq_factor=1.0, high_freq_factor=4.0,
                                  original_max_position_embeddings=32))
QWEN = dict(vocab_size=48, hidden_size=32, intermediate_size=32, num_attention_heads=4, num_key_value_heads=2,
            head_dim=16, max_position_embeddings=256, rms_norm_eps=1e-6)


def fill(model):
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.dim() == 1:
                parameter.copy_(1 + 0.2 * torch.randn(parameter.shape, generator=generator))
            else:
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * 1.5 / math.sqrt(parameter.shape[-1]))
            # A value that bfloat16 has. The model as a whole is not converted: that would round its rotary angles too.
            parameter.copy_(parameter.to(torch.bfloat16).to(torch.float32))
    return model.eval()


def logits(model):
    with torch.no_grad():
        values = model(torch.tensor([TOKENS])).logits[0].flatten()
        return [float(f"{value:.7g}") for value in values.tolist()]


def save(name, model, **options):
    folder = os.path.join(HERE, name)
    shutil.rmtree(folder, ignore_errors=True)
    model.to(torch.bfloat16).save_pretrained(folder, **options)


def write_gguf(path, model):
    """What convert_hf_to_gguf.py does for a Llama."""
    c = model.config
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_type("model")
    writer.add_name("tiny")
    writer.add_block_count(c.num_hidden_layers)
    writer.add_context_length(c.max_position_embeddings)
    writer.add_embedding_length(c.hidden_size)
    writer.add_feed_forward_length(c.intermediate_size)
    writer.add_head_count(c.num_attention_heads)
    writer.add_head_count_kv(c.num_key_value_heads)
    writer.add_rope_freq_base(c.rope_parameters["rope_theta"])
    writer.add_layer_norm_rms_eps(c.rms_norm_eps)
    writer.add_key_length(c.head_dim)
    writer.add_value_length(c.head_dim)
    writer.add_vocab_size(c.vocab_size)
    writer.add_rope_dimension_count(c.head_dim)
    writer.add_file_type(0)
    plain = 1.0 / (c.rope_parameters["rope_theta"] ** (torch.arange(0, c.head_dim, 2).float() / c.head_dim))
    scaled, _ = ROPE_INIT_FUNCTIONS["llama3"](c)
    writer.add_tensor("rope_freqs.weight", (plain / scaled).numpy())

    def permuted(weight, heads):
        return weight.reshape(heads, 2, weight.shape[0] // heads // 2, *weight.shape[1:]).swapaxes(1, 2).reshape(weight.shape)

    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, c.num_hidden_layers)
    for name, weight in model.state_dict().items():
        values = weight.float().numpy()
        if name.endswith("q_proj.weight"):
            values = permuted(values, c.num_attention_heads)
        if name.endswith("k_proj.weight"):
            values = permuted(values, c.num_key_value_heads)
        writer.add_tensor(names.get_name(name, try_suffixes=(".weight",)), numpy.ascontiguousarray(values))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


expected = {"tokens": TOKENS}
llama = fill(LlamaForCausalLM(LlamaConfig(**LLAMA)))
expected["llama"] = logits(llama)
save("llama", llama, max_shard_size="16KB")
write_gguf(os.path.join(HERE, "llama.gguf"), llama)

qwen3 = fill(Qwen3ForCausalLM(Qwen3Config(**QWEN, num_hidden_layers=2, tie_word_embeddings=True,
                                         rope_parameters=dict(rope_type="linear", rope_theta=1e6, factor=2.0))))
expected["qwen3"] = logits(qwen3)
save("qwen3", qwen3)

moe = fill(Qwen3MoeForCausalLM(Qwen3MoeConfig(**QWEN, num_hidden_layers=1, num_experts=4, num_experts_per_tok=2, moe_intermediate_size=16, norm_topk_prob=True,
                                             tie_word_embeddings=False, rope_parameters=dict(rope_type="default", rope_theta=1e4))))
expected["qwen3-moe"] = logits(moe)
save("qwen3-moe", moe)
shutil.rmtree(os.path.join(HERE, "qwen3-moe-stacked"), ignore_errors=True)
shutil.copytree(os.path.join(HERE, "qwen3-moe"), os.path.join(HERE, "qwen3-moe-stacked"))
save_file({k: v.to(torch.bfloat16).contiguous() for k, v in moe.state_dict().items()},
          os.path.join(HERE, "qwen3-moe-stacked", "model.safetensors"), metadata={"format": "pt"})
with open(os.path.join(HERE, "expected.json"), "w") as file:
    json.dump(expected, file)

kinds = {
    "default": dict(rope_type="default", rope_theta=1e6),
    "linear": dict(rope_type="linear", rope_theta=1e4, factor=4.0),
    "llama3": dict(rope_type="llama3", rope_theta=5e5, factor=32.0, low_freq_factor=1.0, high_freq_factor=4.0,
                   original_max_position_embeddings=8192),
    "yarn": dict(rope_type="yarn", rope_theta=1e6, factor=4.0, original_max_position_embeddings=32768),
    "yarn-minimind": dict(rope_type="yarn", rope_theta=1e6, factor=16.0, original_max_position_embeddings=2048, attention_factor=1.0,
                          beta_fast=32, beta_slow=1),
    "yarn-unrounded": dict(rope_type="yarn", rope_theta=1e4, factor=8.0, original_max_position_embeddings=4096, truncate=False,
                           mscale=0.707, mscale_all_dim=1.2, beta_fast=16, beta_slow=2),
    # The ramp would end beyond the last pair.
    "yarn-wide": dict(rope_type="yarn", rope_theta=100.0, factor=4.0, original_max_position_embeddings=32768),
}
rotary = {}
for name, parameters in kinds.items():
    config = LlamaConfig(**{**LLAMA, "head_dim": 64, "rope_parameters": dict(parameters)})
    if name == "default":
        frequencies, attention = 1.0 / (1e6 ** (torch.arange(0, 64, 2).float() / 64)), 1.0
    else:
        frequencies, attention = ROPE_INIT_FUNCTIONS[parameters["rope_type"]](config)
    rotary[name] = {"config": {**LLAMA, "model_type": "llama", "head_dim": 64, "rope_parameters": parameters},
                    "frequencies": frequencies.tolist(), "attention": attention}

# MiniMind's own code of 2025 and 2026, for heads of 64 and of 8.
for head in (64, 8):
    base, factor, original = 1e6, 16, 2048
    freqs = 1.0 / (base ** (torch.arange(0, head, 2)[: head // 2].float() / head))
    place = lambda turns: head * math.log(original / (turns * 2 * math.pi)) / (2 * math.log(base))
    low, high = max(math.floor(place(32.0)), 0), min(math.ceil(place(1.0)), head // 2 - 1)
    ramp = torch.clamp((torch.arange(head // 2).float() - low) / max(high - low, 0.001), 0, 1)
    config = dict(model_type="minimind", hidden_size=head * 8, inference_rope_scaling=True)
    rotary[f"minimind-{head}"] = {"config": config, "frequencies": (freqs * (1 - ramp + ramp / factor)).tolist(), "attention": 1.0}
# That of October 2025.
freqs = 1.0 / (1e6 ** (torch.arange(0, 64, 2).float() / 64))
corrected = next((i for i in range(32) if 2 * math.pi / freqs[i] > 2048), 32)
beta = 1.0 + (4.0 - 1.0) * torch.arange(0, 32).float() / 31
scale = torch.where(torch.arange(32) < corrected, (beta * 4 - beta + 1) / (beta * 4), 1.0 / 4)
rotary["minimind-2025-10"] = {
    "config": dict(model_type="minimind", hidden_size=512, inference_rope_scaling=True,
                   rope_scaling=dict(beta_fast=4, beta_slow=1, factor=4, original_max_position_embeddings=2048, type="yarn")),
    "frequencies": (freqs * scale).tolist(), "attention": 1.0}
with open(os.path.join(HERE, "rotary.json"), "w") as file:
    json.dump(rotary, file)
