"""Makes the folders beside it with PEFT: adapters of the golden models v2-dense and v3-dense, and what these answer.

    python make_fixtures.py                          makes everything
    python make_fixtures.py --started                makes what began by a part of the base alone
    python make_fixtures.py --check GENERATION FOLDER  loads a folder into the golden model of a generation (v2-classic
                                                      is turned to a Llama first) and compares with FOLDER's
                                                      logits.safetensors; says what keys were missing or unexpected

<case>/adapter_config.json, adapter_model.safetensors   as PEFT saves them
expected.safetensors   the tokens, and for each case the logits at the last two of them
started.safetensors    the same of adapters that began by a part of the base and were saved as they were trained; CASE.exact is what they
                       answer where that part is decomposed in float64, which PEFT does in float32

Made with peft 0.21, transformers 5.24 and torch 2.15; the files are committed, so that no test needs Python.
"""

import json
import pathlib
import sys
import warnings

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM, Qwen3Config, Qwen3ForCausalLM

HERE = pathlib.Path(__file__).parent
GOLDEN = HERE.parents[2] / "ModelTests" / "Fixtures"
TOKENS = torch.tensor([[1, 17, 200, 33, 5, 319, 64, 128, 9, 250]])


def as_hugging_face(weights, heads):
    """The keys of v2-classic as Hugging Face has them, its rows of queries and keys a half head apart."""
    def rows(weight, count):
        return weight.view(count, -1, 2, weight.shape[1]).transpose(1, 2).reshape(weight.shape)

    result = {}
    for key, value in weights.items():
        if "attention.wq" in key:
            value = rows(value, heads)
        if "attention.wk" in key:
            value = rows(value, value.shape[0] * heads // weights["layers.0.attention.wq.weight"].shape[0])
        for old, new in {
            "attention.": "self_attn.", "wq": "q_proj", "wk": "k_proj", "wv": "v_proj", "wo": "o_proj", "feed_forward.w1": "mlp.gate_proj",
            "feed_forward.w2": "mlp.down_proj", "feed_forward.w3": "mlp.up_proj", "attention_norm": "input_layernorm",
            "ffn_norm": "post_attention_layernorm", "tok_embeddings": "embed_tokens",
        }.items():
            key = key.replace(old, new)
        result[key if key.startswith("output") else "model." + key] = value
    return result


def model(generation):
    folder = GOLDEN / f"{generation}-dense"
    sizes = json.loads((folder / "expected.json").read_text())["config"]
    weights = torch.load(folder / "base.pth", weights_only=True)
    if generation == "v2-classic":
        weights = as_hugging_face(weights, sizes["n_heads"])
    weights = {key: value.float() for key, value in weights.items() if key.startswith("model.") and "freqs" not in key}
    config, kind = (Qwen3Config, Qwen3ForCausalLM) if generation == "v3" else (LlamaConfig, LlamaForCausalLM)
    result = kind(config(
        vocab_size=sizes["vocab_size"], hidden_size=sizes["dim"], intermediate_size=sizes["hidden_dim"],
        num_hidden_layers=sizes["n_layers"], num_attention_heads=sizes["n_heads"], num_key_value_heads=sizes["n_kv_heads"],
        head_dim=sizes["dim"] // sizes["n_heads"], rms_norm_eps=sizes["norm_eps"], rope_theta=sizes["rope_theta"],
        tie_word_embeddings=True, max_position_embeddings=512, attn_implementation="eager"))
    missing, unexpected = result.load_state_dict(weights, strict=False)
    assert missing == ["lm_head.weight"] and not unexpected, (missing, unexpected)
    result.tie_weights()
    return result.eval()


CASES = {
    "plain": ("v2", dict(r=4, lora_alpha=12, target_modules=["q_proj", "down_proj"], layers_to_transform=[1], layers_pattern="layers")),
    "rslora": ("v3", dict(r=3, lora_alpha=8, use_rslora=True, target_modules=r"model\.layers\.[01]\.self_attn\.(?:k|v)_proj")),
    "patterns": ("v2", dict(
        r=2, lora_alpha=4, target_modules=["q_proj", "v_proj", "o_proj"],
        # The first that fits counts; PEFT sorts them when it saves.
        rank_pattern={"model.layers.1.self_attn.q_proj": 1, "o_proj": 3, "self_attn.q_pro[a-j]": 5},
        alpha_pattern={"^model.layers.0.self_attn.q_proj": 10, "v_proj": 1})),
    "dora": ("v3", dict(r=2, lora_alpha=3, use_dora=True, target_modules=["q_proj", "k_proj", "gate_proj"], exclude_modules=["layers.0.mlp.gate_proj"])),
}


def make():
    expected = {"tokens": TOKENS}
    for name, (generation, settings) in CASES.items():
        torch.manual_seed(len(name))
        adapted = get_peft_model(model(generation), LoraConfig(task_type="CAUSAL_LM", **settings))
        with torch.no_grad():
            for key, value in adapted.named_parameters():
                if "lora_magnitude_vector" in key:
                    value.mul_(1 + 0.3 * torch.rand_like(value))
                elif "lora_" in key:
                    value.copy_(0.3 * torch.randn_like(value))
            expected[name] = adapted.eval()(TOKENS).logits[0, -2:].contiguous()
        adapted.save_pretrained(HERE / name)
        (HERE / name / "README.md").unlink(missing_ok=True)
        settings = HERE / name / "adapter_config.json"
        settings.write_text(json.dumps(json.loads(settings.read_text()) | {"base_model_name_or_path": generation}, indent=2))
    save_file(expected, HERE / "expected.safetensors")


ALL = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
STARTED = {
    "pissa": ("v2", dict(r=4, lora_alpha=6, target_modules=ALL, init_lora_weights="pissa")),
    "pissa-rslora": ("v3", dict(
        r=5, lora_alpha=4, use_rslora=True, rank_pattern={"down_proj": 2}, target_modules=["q_proj", "k_proj", "down_proj"],
        init_lora_weights="pissa")),
    # Its rows of queries and keys stand in another order in the golden model.
    "olora": ("v2-classic", dict(r=3, lora_alpha=12, target_modules=ALL, init_lora_weights="olora")),
    "fused": ("phi3", dict(r=2, lora_alpha=3, target_modules=["qkv_proj", "gate_up_proj"], init_lora_weights="pissa")),
}


def exact_logits(base, adapted, tokens):
    """What the trained factors answer in float64, with the part of the base that was taken off exact."""
    weights = {name: module.weight.detach().double() for name, module in base.named_modules() if isinstance(module, torch.nn.Linear)}
    base = base.double()
    for name, module in adapted.base_model.model.named_modules():
        if "default" not in getattr(module, "lora_A", {}):
            continue
        a, b = (getattr(module, f"lora_{part}")["default"].weight.detach().double() for part in "AB")
        weight, scale, rank = weights[name], module.scaling["default"], a.shape[0]
        if adapted.peft_config["default"].init_lora_weights == "olora":
            q = torch.linalg.qr(weight)[0][:, :rank]
            part = scale * q @ (q.T @ weight)
        else:
            u, s, vt = torch.linalg.svd(weight, full_matrices=False)
            part = (u[:, :rank] * s[:rank]) @ vt[:rank]
        base.get_submodule(name).weight.data = weight - part + scale * b @ a
    with torch.no_grad():
        return base.eval()(tokens).logits[0, -2:].float().contiguous()


def make_started():
    expected = {}
    for name, (generation, settings) in STARTED.items():
        torch.manual_seed(len(name))
        fused = generation == "phi3"
        base = AutoModelForCausalLM.from_pretrained(GOLDEN / "families/phi3", dtype=torch.float32) if fused else model(generation)
        tokens = TOKENS % base.config.vocab_size
        plain = base.eval()(tokens).logits[0, -2:].detach()
        adapted = get_peft_model(base, LoraConfig(task_type="CAUSAL_LM", **settings))
        optimizer = torch.optim.AdamW([p for p in adapted.parameters() if p.requires_grad], lr=1e-2)
        for step in range(5):
            adapted(tokens, labels=tokens).loss.backward()
            optimizer.step()
            optimizer.zero_grad()
        expected["tokens"] = TOKENS
        expected[name] = adapted.eval()(tokens).logits[0, -2:].detach().contiguous()
        adapted.save_pretrained(HERE / name)
        (HERE / name / "README.md").unlink(missing_ok=True)
        fresh = AutoModelForCausalLM.from_pretrained(GOLDEN / "families/phi3", dtype=torch.float32) if fused else model(generation)
        again = PeftModel.from_pretrained(fresh, HERE / name).eval()(tokens).logits[0, -2:]
        unstarted = AutoModelForCausalLM.from_pretrained(GOLDEN / "families/phi3", dtype=torch.float32) if fused else model(generation)
        expected[f"{name}.exact"] = exact_logits(unstarted, adapted, tokens)
        size = expected[name].norm()
        print(name, "moved by", ((expected[name] - plain).norm() / size).item(), "loaded again", ((again - expected[name]).norm() / size).item(),
              "exact", ((expected[f"{name}.exact"] - expected[name]).norm() / size).item())
    save_file(expected, HERE / "started.safetensors")


def check(generation, folder):
    base = model(generation)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        adapted = PeftModel.from_pretrained(base, folder)
    keys = adapted.load_adapter(folder, "again")
    print("missing", [key for key in keys.missing_keys if "lora" in key], "unexpected", keys.unexpected_keys)
    theirs = adapted.eval()(TOKENS).logits[0]
    with adapted.disable_adapter():
        plain = adapted(TOKENS).logits[0]
    ours = load_file(pathlib.Path(folder) / "logits.safetensors")["logits"]
    print("largest difference", (theirs - ours).abs().max().item(), "of a change by", (theirs - plain).abs().max().item())


if sys.argv[1:2] == ["--check"]:
    check(sys.argv[2], sys.argv[3])
else:
    if sys.argv[1:2] != ["--started"]:
        make()
    make_started()
