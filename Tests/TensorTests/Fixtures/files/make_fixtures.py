"""Makes the files beside it with PyTorch and safetensors, and what each of them holds: expected.json.
It makes all but written.pth and written.safetensors, which are ours.

Made with torch 2.13 and safetensors 0.8; the files are committed, so that no test needs Python.
"""

import collections
import io
import json
import pathlib
import pickle
import sys
import zipfile

import safetensors.torch
import torch

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parents[2] / "Peers"))

from tensor_files import described

expected = {}


def state(file, tensors):
    expected[file] = [[name, described(tensor)] for name, tensor in tensors.items()]


def save(file, value, tensors=None, **options):
    torch.save(value, HERE / file, **options)
    state(file, value if tensors is None else tensors)


def types():
    floats = torch.tensor([[0.0, -0.0, 1.0], [-2.5, 65504.0, 1e-7]])
    tensors = collections.OrderedDict()
    for dtype in (torch.float64, torch.float32, torch.float16, torch.bfloat16):
        tensors[str(dtype).removeprefix("torch.")] = floats.to(dtype)
    for dtype in (torch.int64, torch.int32, torch.int16, torch.int8):
        tensors[str(dtype).removeprefix("torch.")] = torch.tensor([-128, -1, 0, 127], dtype=dtype)
    tensors["large"] = torch.tensor([-(2**63), 2**53 + 1, 2**63 - 1])
    tensors["uint8"] = torch.tensor([0, 127, 128, 255], dtype=torch.uint8)
    tensors["bool"] = torch.tensor([True, False, True])
    tensors["special"] = torch.tensor([float("inf"), float("-inf"), float("nan")])
    tensors["scalar"] = torch.tensor(3.25)
    tensors["empty"] = torch.zeros(0, 3)
    tensors["层.权重 \U0001f642"] = torch.tensor([1.0])
    # The same letter in one code point and in two: two names.
    tensors["caf\u00e9"] = torch.tensor([2.0])
    tensors["cafe\u0301"] = torch.tensor([3.0])
    return tensors


def rezipped(source, target, **options):
    """The same archive as another tool would pack it."""
    with zipfile.ZipFile(HERE / source) as old, zipfile.ZipFile(HERE / target, "w") as new:
        for name in old.namelist():
            info = zipfile.ZipInfo(name)
            info.compress_type = options.get("compress_type", zipfile.ZIP_STORED)
            with new.open(info, "w", force_zip64=options.get("force_zip64", False)) as entry:
                entry.write(old.read(name))
    expected[target] = expected[source]


def streamed(source, target):
    """Deflated to a pipe: sizes stand behind the data, in data descriptors."""

    class Pipe(io.RawIOBase):
        def __init__(self):
            self.bytes = bytearray()

        def writable(self):
            return True

        def write(self, data):
            self.bytes += data
            return len(data)

    pipe = Pipe()
    with zipfile.ZipFile(HERE / source) as old, zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    (HERE / target).write_bytes(pipe.bytes)
    expected[target] = expected[source]


class Command:
    """Asks whoever unpickles it to run a command."""

    def __reduce__(self):
        import os

        return os.system, ("touch executed",)


def archive(file, data):
    with zipfile.ZipFile(HERE / file, "w") as new:
        new.writestr("archive/data.pkl", data)
        new.writestr("archive/byteorder", "little")
        new.writestr("archive/version", "3\n")


def make():
    torch.manual_seed(7)
    save("types.pth", types())
    for protocol in (3, 4, 5):
        save(f"protocol{protocol}.pth", {"weight": torch.arange(6.0).reshape(2, 3)}, pickle_protocol=protocol)
    with_complex = {"complex": torch.tensor([1 + 2j]), "real": torch.tensor([5.0])}
    save("complex.pth", with_complex)

    base = torch.arange(24.0).reshape(4, 6)
    save(
        "views.pth",
        {
            "whole": base,
            "transposed": base.t(),
            "slice": base[1:3, 2:5],
            "every_second": base[::2, 1::2],
            "expanded": torch.tensor([7.0]).expand(3, 4),
            "row": base[3],
            "permuted": torch.arange(24, dtype=torch.int32).reshape(2, 3, 4).permute(2, 0, 1),
            "nothing": base[4:, 3:],
        },
    )
    tied = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    save("tied.pth", {"embedding": tied, "output": tied, "other": tied.clone()})
    # As torch.save wrote before version 1.6.
    old = {"_use_new_zipfile_serialization": False}
    save("legacy.pth", {"weight": torch.ones(2)}, **old)
    save("legacy_types.pth", types(), **old)
    save("legacy_views.pth", {"whole": base, "transposed": base.t(), "expanded": torch.tensor([7.0]).expand(3, 4), "tied": base,
                              "other": torch.tensor(2.5, dtype=torch.float16)}, **old)
    save("legacy_nested.pth", {"epoch": 3, "model": {"weight": torch.nn.Parameter(torch.tensor([1.5]))}}, {"weight": torch.tensor([1.5])},
         **old)

    module = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.LayerNorm(2))
    save("module.pth", module.state_dict())
    save("parameters.pth", {"weight": torch.nn.Parameter(torch.tensor([1.5, -1.5])), "buffer": torch.ones(2)})

    optimizer = torch.optim.AdamW(module.parameters(), lr=1e-3)
    module(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    weights = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    checkpoint = {"epoch": 3, "seed": 2**80, "rates": [0.1, (1, None)], "optimizer": optimizer.state_dict()}
    for key in ("model", "state_dict", "model_state_dict"):
        save(f"nested_{key}.pth", {**checkpoint, key: weights}, weights)
    save("mixed.pth", {"weight": torch.ones(2), "epoch": 4, "note": "text", "inner": {"ignored": torch.zeros(1)}},
         {"weight": torch.ones(2)})
    save("nothing.pth", {})

    rezipped("types.pth", "deflated.pth", compress_type=zipfile.ZIP_DEFLATED)
    rezipped("tied.pth", "zip64.pth", force_zip64=True)
    streamed("tied.pth", "streamed.pth")

    safetensors.torch.save_file(types(), HERE / "types.safetensors", metadata={"format": "pt", "说明": "a \"note\"\n"})
    state("types.safetensors", safetensors.torch.load_file(HERE / "types.safetensors"))
    safetensors.torch.save_file({"complex": torch.tensor([1 + 2j]), "real": torch.tensor([5.0])}, HERE / "complex.safetensors")
    state("complex.safetensors", with_complex)

    # Files that are to be refused.
    torch.save(torch.ones(2), HERE / "single_tensor.pth")
    torch.save([torch.ones(2)], HERE / "list.pth")
    torch.save({"epoch": 1}, HERE / "no_tensors.pth")
    torch.save(torch.nn.Linear(2, 2), HERE / "whole_module.pth")
    (HERE / "plain_pickle.pth").write_bytes(pickle.dumps({"weight": [1.0]}, protocol=4))
    for protocol in (2, 4):
        archive(f"command_protocol{protocol}.pth", pickle.dumps({"weight": Command()}, protocol=protocol))
    archive("cycle.pth", pickle.dumps(cycle(), protocol=2))
    (HERE / "lfs_pointer.pth").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 104000000\n")
    (HERE / "page.pth").write_text("<!DOCTYPE html>\n<html><body>Sign in to download</body></html>\n")
    (HERE / "text.pth").write_text("These are not the weights that you are looking for.\n")
    with zipfile.ZipFile(HERE / "other_zip.pth", "w") as other:
        other.writestr("word/document.xml", "<document/>")

    # What 16-bit types make of float32 bits: around ties, limits and subnormals.
    patterns = set()
    for exponent in range(0, 256, 3):
        for mantissa in (0, 1, 0xFFF, 0x1000, 0x1001, 0x2FFF, 0x3000, 0x3001, 0x7FFF, 0x8000, 0x8001, 0x17FFF, 0x18000, 0x18001,
                         0x7FEFFF, 0x7FF000, 0x7FFFFF):
            if exponent < 255 or mantissa == 0:
                patterns.add(exponent << 23 | mantissa)
    for exponent in range(100, 115):
        for mantissa in (0, 1, 0x1000, 0x2000, 0x3000, 0x400000, 0x400001, 0x600000, 0x7FFFFF):
            patterns.add(exponent << 23 | mantissa)
    patterns = sorted(patterns)
    values = torch.tensor(patterns, dtype=torch.int64).to(torch.int32).view(torch.float32)
    expected["rounding"] = {
        "float32": patterns,
        "float16": [bits & 0xFFFF for bits in values.half().view(torch.int16).tolist()],
        "bfloat16": [bits & 0xFFFF for bits in values.bfloat16().view(torch.int16).tolist()],
    }
    (HERE / "expected.json").write_text(
        "{\n" + ",\n".join(json.dumps(k) + ": " + json.dumps(v, ensure_ascii=False) for k, v in expected.items()) + "\n}\n")


def cycle():
    value = {}
    value["model"] = value
    return value


if __name__ == "__main__":
    make()
