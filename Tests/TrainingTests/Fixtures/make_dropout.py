"""How losses and norms of gradients spread in PEFT where only the masks of dropout change from step to step.

Writes dropout/: an adapter as PEFT saves it, the samples, and of 4,000 steps the mean and the deviation of losses and norms.
Samples have their beginning in common, so that a mask that they shared would be seen.

usage: make_dropout.py   (with PyTorch, transformers and PEFT)"""
import json
import pathlib
import statistics

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

HERE = pathlib.Path(__file__).resolve().parent
STEPS, SEED, SAMPLES = 4_000, 11, 12

base = AutoModelForCausalLM.from_pretrained(HERE.parents[1] / "ModelTests/Fixtures/huggingface/llama", dtype=torch.float32)
torch.set_num_threads(1)
generator = torch.Generator().manual_seed(SEED)
targets = ["q_proj", "v_proj", "o_proj", "up_proj", "down_proj"]
model = get_peft_model(
    base, LoraConfig(task_type="CAUSAL_LM", r=4, lora_alpha=8, target_modules=targets, lora_dropout=0.3)).train()
for name, parameter in model.named_parameters():
    if "lora_" in name:
        parameter.data.copy_(0.1 * torch.randn(parameter.shape, generator=generator))
model.save_pretrained(HERE / "dropout")
(HERE / "dropout" / "README.md").unlink(missing_ok=True)
settings = HERE / "dropout" / "adapter_config.json"
settings.write_text(json.dumps(json.loads(settings.read_text()) | {"base_model_name_or_path": None}, indent=2))

prompt = torch.randint(4, 48, (24,), generator=generator).tolist()
samples = [prompt + [4 + number] for number in range(SAMPLES)]
ids = torch.tensor(samples)
torch.manual_seed(SEED)
losses, norms = [], []
trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
for _ in range(STEPS):
    logits = model(input_ids=ids).logits
    loss = torch.nn.functional.cross_entropy(logits[:, -2], ids[:, -1])
    loss.backward()
    losses.append(loss.item())
    norms.append(torch.nn.utils.clip_grad_norm_(trained, 1e9).item())
    for parameter in trained:
        parameter.grad = None

moments = {"steps": STEPS, "samples": samples}
for name, values in (("loss", losses), ("norm", norms)):
    moments[name] = {"mean": statistics.mean(values), "deviation": statistics.stdev(values)}
    print(name, moments[name])
(HERE / "dropout" / "moments.json").write_text(json.dumps(moments) + "\n")
