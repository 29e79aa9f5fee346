"""What PEFT computes for one linear layer: outputs and gradients of plain LoRA, rank-stabilised LoRA and DoRA, with and
without dropout, and the learning rates and steps of LoRA+.
usage: make_peft.py OUT.safetensors"""
import sys, torch
from peft import LoraConfig, get_peft_model
from peft.optimizers import create_loraplus_optimizer
from safetensors.torch import save_file

ROWS, IN, OUT, RANK, ALPHA, RATE, SEED = 7, 10, 6, 3, 4.5, 0.25, 12345
MASK64 = (1 << 64) - 1


def split_mix(seed, index):
    z = (seed + (index + 1) * 0x9E3779B97F4A7C15) & MASK64
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK64
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK64
    return z ^ (z >> 31)


def factor(place):
    bits = split_mix(SEED, place // 2) >> (32 if place % 2 else 0) & 0xFFFFFFFF
    return 0.0 if bits < int(RATE * 2**32) else 1 / (1 - RATE)


class Mask(torch.nn.Module):
    """Dropout with the mask of the Swift code."""

    def __init__(self):
        super().__init__()
        self.factors = torch.tensor([factor(i) for i in range(ROWS * IN)]).reshape(ROWS, IN)

    def forward(self, x):
        return x * self.factors


class Net(torch.nn.Module):
    def __init__(self, weight):
        super().__init__()
        self.layer = torch.nn.Linear(IN, OUT, bias=False)
        self.layer.weight.data = weight.clone()

    def forward(self, x):
        return self.layer(x)


torch.manual_seed(0)
x0, weight, a, b = torch.randn(ROWS, IN), torch.randn(OUT, IN), torch.randn(RANK, IN), torch.randn(OUT, RANK)
magnitude = weight.norm(dim=1) * (1 + 0.1 * torch.randn(OUT))
direction = torch.randn(ROWS, OUT)
tensors = {"x": x0, "weight": weight, "a": a, "b": b, "magnitude": magnitude, "direction": direction}

for name, options in {
    "lora": {}, "rslora": {"use_rslora": True}, "dora": {"use_dora": True}, "lora_dropout": {"mask": True},
    "dora_dropout": {"use_dora": True, "mask": True},
}.items():
    mask = options.pop("mask", False)
    model = get_peft_model(Net(weight), LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules=["layer"], **options))
    layer = model.base_model.model.layer
    layer.lora_A["default"].weight.data, layer.lora_B["default"].weight.data = a.clone(), b.clone()
    if options.get("use_dora"):
        # Before A and B were set above B was 0, so the start is the length of the weight's rows.
        tensors["dora.start"] = layer.lora_magnitude_vector["default"].weight.data.clone()
        layer.lora_magnitude_vector["default"].weight.data = magnitude.clone()
    if mask:
        layer.lora_dropout["default"] = Mask()
    model.train()
    x = x0.clone().requires_grad_()
    y = model(x)
    y.backward(direction)
    tensors[f"{name}.y"], tensors[f"{name}.dx"] = y.detach(), x.grad
    for key, parameter in model.named_parameters():
        if parameter.requires_grad:
            short = "a" if "lora_A" in key else "b" if "lora_B" in key else "magnitude"
            tensors[f"{name}.d{short}"] = parameter.grad
    if name in ("lora", "dora"):
        model.eval()
        model.merge_adapter()
        tensors[f"{name}.merged"] = layer.base_layer.weight.data.clone()

model = get_peft_model(Net(weight), LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules=["layer"]))
layer = model.base_model.model.layer
layer.lora_A["default"].weight.data, layer.lora_B["default"].weight.data = a.clone(), b.clone()
optimizer = create_loraplus_optimizer(
    model, torch.optim.AdamW, lr=1e-2, loraplus_lr_ratio=4.0, loraplus_weight_decay=0.01)
for step in range(3):
    model(x0).backward(direction)
    optimizer.step()
    optimizer.zero_grad()
tensors["loraplus.a"], tensors["loraplus.b"] = (getattr(layer, f"lora_{n}")["default"].weight.data.clone() for n in "AB")

# A matrix whose singular values fall slowly, as those of weights do, and what its largest hold of it.
matrix = torch.randn(96, 64, dtype=torch.float64).float()
tensors["svd.matrix"], tensors["svd.values"] = matrix, torch.linalg.svdvals(matrix.double()).float()
save_file({k: v.detach().contiguous() for k, v in tensors.items()}, sys.argv[1])
