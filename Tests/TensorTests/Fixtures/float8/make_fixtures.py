"""Makes the files beside it: tensors of PyTorch's types without storages of their own, as torch.save and safetensors write
them, and what PyTorch makes of each in float32: expected.json.

Made with torch 2.13 and safetensors 0.8; the files are committed, so that no test needs Python.
"""

import json
import pathlib
import sys

import safetensors.torch
import torch

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parents[2] / "Peers"))

from tensor_files import described

TYPES = [torch.float8_e4m3fn, torch.float8_e5m2, torch.float8_e4m3fnuz, torch.float8_e5m2fnuz, torch.float8_e8m0fnu]


def entry(tensor):
    return described(tensor.to(torch.float32)) | {"type": str(tensor.dtype).removeprefix("torch.")}


codes = torch.arange(256, dtype=torch.uint8).reshape(16, 16)
tensors = {}
for dtype in TYPES:
    name = str(dtype).removeprefix("torch.float8_")
    # Each code once: subnormal numbers, both zeros, what is infinite and what is no number among them.
    tensors[f"{name}.codes"] = codes.clone().view(dtype)
    tensors[f"{name}.empty"] = torch.zeros(0, 3).to(dtype)
whole = tensors["e4m3fn.codes"]
views = {
    "transposed": whole.t(), "slice": whole[3:5, 2:7], "every_second": whole[::2, 1::2], "expanded": whole[5, 1:2].expand(3, 4),
    "rows": tensors["e5m2.codes"][9].expand(2, 16), "parameter": torch.nn.Parameter(tensors["e5m2.codes"][1], requires_grad=False),
    "uint32": torch.tensor([0, 2**31, 2**32 - 1], dtype=torch.uint32), "float32": torch.tensor([[1.5]]).expand(2, 5),
}
expected = {}
for file, values, options in [
    ("float8.pth", tensors | views, {}), ("legacy.pth", tensors | views, {"_use_new_zipfile_serialization": False}),
]:
    torch.save(values, HERE / file, **options)
    # PyTorch itself does not load the old one.
    expected[file] = [[name, entry(tensor)] for name, tensor in values.items()]
    if not options:
        assert expected[file] == json.loads(json.dumps([[name, entry(tensor)] for name, tensor in torch.load(HERE / file).items()]))
safetensors.torch.save_file(tensors, HERE / "float8.safetensors")
expected["float8.safetensors"] = [
    [name, entry(tensor)] for name, tensor in safetensors.torch.load_file(HERE / "float8.safetensors").items()]
(HERE / "expected.json").write_text("{\n" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in expected.items()) + "\n}\n")

# Files that are to be refused.
torch.save({"a": torch.tensor([1, 2], dtype=torch.uint16)}, HERE / "uint16.pth")
torch.save({"a": codes[0].view(torch.float4_e2m1fn_x2)}, HERE / "float4.pth")
