"""Losses of the golden recipe under torch.autocast, entered anew for each step as the published
script does (one context around a whole run would keep the adapter's first 16-bit copies).
usage: make_autocast.py ORACLE_DIR GOLDEN_CASE OUT.json"""
import json, sys, torch
from safetensors.torch import load_file

sys.path.insert(0, sys.argv[1])
import minimind_ref as R

case = sys.argv[2]
expected = json.load(open(f"{case}/expected.json"))
config = R.Config(**expected["config"])
weights = torch.load(f"{case}/base.pth")
start = torch.load(f"{case}/lora_init.pth")
io = load_file(f"{case}/io.safetensors")
batches = list(zip(io["X"], io["Y"], io["M"]))


def run(dtype):
    lora = {m: tuple(start[f"{m}.lora.{n}.weight"].clone().requires_grad_() for n in "AB") for m in R.square_modules(config)}
    flat = [t for pair in lora.values() for t in pair]
    optimizer = torch.optim.AdamW(flat)
    scaler = torch.amp.GradScaler("cpu", enabled=dtype == torch.float16)
    losses, norms = [], []
    for step in range(12):
        for group in optimizer.param_groups:
            group["lr"] = R.lr_at(step, 12, 2e-3)
        x, y, m = batches[step % 6]
        with torch.autocast("cpu", dtype=dtype):
            logits, _ = R.forward(config, weights, x, lora)
            loss = R.masked_loss(logits, y, m)
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        losses.append(loss.item())
        norms.append(torch.nn.utils.clip_grad_norm_(flat, 1.0).item())
        scaler.step(optimizer)
        scaler.update()
        optimizer.zero_grad()
    return {"losses": losses, "grad_norms": norms}


json.dump({"bfloat16": run(torch.bfloat16), "float16": run(torch.float16)}, open(sys.argv[3], "w"), indent=1)
