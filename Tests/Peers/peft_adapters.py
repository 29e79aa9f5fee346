"""Adapters as Hugging Face PEFT makes, reads and trains them."""
import math
import warnings

import safetensors.torch
import torch
import torch.nn.functional as F
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict

from transformers_models import load_model

UNCOUNTED = -100


def load(model, folder, is_trainable=False):
    """Fails where PEFT would leave out a tensor of the file, or keep one of its own."""
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="Found missing adapter keys")
        model = PeftModel.from_pretrained(model, folder, is_trainable=is_trainable)
    written = safetensors.torch.load_file(folder / "adapter_model.safetensors")
    loaded = get_peft_model_state_dict(model)
    # PEFT also counts the base's own embedding to an adapter of it.
    loaded = {name: tensor for name, tensor in loaded.items() if ".base_layer." not in name or name in written}
    differing = {name for name in written.keys() | loaded.keys() if not is_same(written.get(name), loaded.get(name))}
    if differing:
        raise SystemExit(f"PEFT does not hold what {folder} has: {sorted(differing)}")
    return model


def is_same(written, loaded):
    return written is not None and loaded is not None and torch.equal(written.float(), loaded.float())


def make(options):
    model = load_model(options)
    torch.manual_seed(options.seed)
    targets = options.targets if options.targets == "all-linear" else options.targets.split(",")
    model = get_peft_model(model, LoraConfig(**{
        "r": options.rank, "lora_alpha": options.alpha or options.rank, "target_modules": targets,
        "use_dora": options.dora, "use_rslora": options.rslora, "lora_dropout": 0.0, "task_type": "CAUSAL_LM",
        **options.config}))
    for name, parameter in model.named_parameters():
        if "lora_magnitude_vector" in name:
            parameter.data *= 1 + 0.1 * torch.randn_like(parameter)
        elif "lora_" in name:
            torch.nn.init.normal_(parameter, std=0.1)
    model.save_pretrained(options.out)
    return {"out": str(options.out), "keys": sorted(get_peft_model_state_dict(model))}


def train(options):
    """The recipe: AdamW on the adapter alone, one step a batch, the norm clipped."""
    model = load(load_model(options), options.adapter_init, is_trainable=True).train()
    batches = safetensors.torch.load_file(options.batches)
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=options.lr, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01)
    losses, norms = [], []
    for step in range(options.steps):
        for group in optimizer.param_groups:
            group["lr"] = options.lr / 10 + options.lr / 2 * (1 + math.cos(math.pi * step / options.steps))
        index = step % len(batches["ids"])
        logits = model(batches["ids"][index].long()).logits
        loss = F.cross_entropy(logits.flatten(0, 1), batches["labels"][index].long().flatten(), ignore_index=UNCOUNTED)
        loss.backward()
        norms.append(torch.nn.utils.clip_grad_norm_(trained, options.clip).item())
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        losses.append(loss.item())
    if options.out:
        model.save_pretrained(options.out)
    return {"losses": losses, "norms": norms, "parameters": sum(parameter.numel() for parameter in trained)}
