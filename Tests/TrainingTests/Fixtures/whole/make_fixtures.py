"""Makes the folders beside it with PEFT: adapters of the embedding, of the output projection and of modules that are trained whole,
as they are before and after three steps of AdamW on a tiny Llama, tied and untied.

    python make_fixtures.py

tied/, untied/                             the base, as transformers saves it
<tied|untied>-<case>/start, end            the adapter as PEFT saves it
expected.json                              the rows that are trained on, the learning rate, and of each case the three losses,
                                           the loss after them, and what PEFT calls the trained parameters

Made with peft 0.21.2, transformers 5.24 and torch 2.13; the files are committed, so that no test needs Python.
"""

import json
import pathlib
import shutil
import warnings

import torch
from peft import LoraConfig, get_peft_model
from transformers import LlamaConfig, LlamaForCausalLM

HERE = pathlib.Path(__file__).parent
VOCABULARY, LARGER = 40, 43
RATE = 0.01

CASES = {
    "embedding": dict(target_modules=["q_proj", "embed_tokens"]),
    "output": dict(target_modules=["q_proj", "lm_head"]),
    "both": dict(target_modules=["q_proj", "embed_tokens", "lm_head"], use_rslora=True),
    "save-embedding": dict(target_modules=["q_proj"], modules_to_save=["embed_tokens"]),
    "save-output": dict(target_modules=["q_proj"], modules_to_save=["lm_head"]),
    "save-both": dict(target_modules=["q_proj"], modules_to_save=["embed_tokens", "lm_head"]),
    "save-tying": dict(target_modules=["q_proj"], modules_to_save=["embed_tokens"], ensure_weight_tying=True),
    "save-others": dict(target_modules=["q_proj"], modules_to_save=["norm", "k_proj"]),
    "tokens": dict(target_modules=["q_proj"], trainable_token_indices=[3, 30]),
    "tokens-both": dict(target_modules=["q_proj"], trainable_token_indices={"embed_tokens": [3, 30], "lm_head": [3, 30]}),
    "tokens-differ": dict(target_modules=["q_proj"], trainable_token_indices={"embed_tokens": [3, 30], "lm_head": [4]}),
    "tokens-adapted": dict(target_modules=["q_proj", "lm_head"], trainable_token_indices={"embed_tokens": [30, 3]}),
    "larger": dict(target_modules=["q_proj"]),
    "larger-tokens": dict(target_modules=["q_proj"], trainable_token_indices=[3, 40, 41, 42]),
    "larger-both": dict(target_modules=["q_proj", "embed_tokens", "lm_head"]),
    "larger-save": dict(target_modules=["q_proj"], modules_to_save=["embed_tokens", "lm_head"]),
}
# What PEFT refuses, or what would be another case again.
LEFT_OUT = {("untied", "save-tying"), ("tied", "tokens-adapted")}


def rows(size):
    return [[(7 * row + 5 * place + place * place * (row + 1)) % size for place in range(9)] for row in range(4)]


def loss(model, ids):
    labels = ids.clone()
    labels[:, :2] = -100
    return model(input_ids=ids, labels=labels).loss


def base(is_tied):
    torch.manual_seed(11 + is_tied)
    config = LlamaConfig(
        vocab_size=VOCABULARY, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=1, max_position_embeddings=64, tie_word_embeddings=is_tied, initializer_range=0.3)
    model = LlamaForCausalLM(config)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("norm.weight"):
                parameter.add_(0.1 * torch.randn_like(parameter))
    folder = HERE / ("tied" if is_tied else "untied")
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink()
    return folder


def run(folder, name, settings):
    torch.manual_seed(5)
    model = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32)
    if name.startswith("larger"):
        model.resize_token_embeddings(LARGER, mean_resizing=False)
    model = get_peft_model(model, LoraConfig(r=2, lora_alpha=3, lora_dropout=0.0, task_type="CAUSAL_LM", **settings))
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            if "lora_" in key:
                parameter.copy_(0.3 * torch.randn_like(parameter))
    case = HERE / f"{folder.name}-{name}"
    shutil.rmtree(case, ignore_errors=True)

    def save(part):
        model.save_pretrained(case / part)
        (case / part / "README.md").unlink()
        # PEFT looks there for the base's size; a fixture lies anywhere.
        settings = case / part / "adapter_config.json"
        settings.write_text(json.dumps(json.loads(settings.read_text()) | {"base_model_name_or_path": folder.name}, indent=1) + "\n")

    save("start")
    ids = torch.tensor(rows(LARGER if name.startswith("larger") else VOCABULARY))
    trained = [(key, p) for key, p in model.named_parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW([p for _, p in trained], lr=RATE)
    losses = []
    for _ in range(3):
        value = loss(model, ids)
        losses.append(value.item())
        value.backward()
        torch.nn.utils.clip_grad_norm_([p for _, p in trained], 1.0)
        optimizer.step()
        optimizer.zero_grad()
    save("end")
    with torch.no_grad():
        return {"losses": losses, "after": loss(model, ids).item(), "trained": [key for key, _ in trained],
                "size": LARGER if name.startswith("larger") else VOCABULARY}


def main():
    warnings.simplefilter("ignore")
    expected = {"rate": RATE, "rows": {str(size): rows(size) for size in (VOCABULARY, LARGER)}, "cases": {}}
    for is_tied in (True, False):
        folder = base(is_tied)
        for name, settings in CASES.items():
            if (folder.name, name) in LEFT_OUT:
                continue
            expected["cases"][f"{folder.name}-{name}"] = run(folder, name, settings)
    (HERE / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")


main()
