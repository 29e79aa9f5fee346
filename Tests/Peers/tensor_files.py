"""Files of tensors as PyTorch and safetensors read them."""
import collections
import hashlib
import zipfile

import safetensors.torch
import torch


def torch_load(options):
    tensors = torch.load(options.file, weights_only=True)
    if type(tensors) is not collections.OrderedDict:
        raise SystemExit(f"PyTorch reads a {type(tensors).__name__}, not an OrderedDict")
    if list(torch.load(options.file, weights_only=True, mmap=True)) != list(tensors):
        raise SystemExit("PyTorch maps other names into memory than it reads")
    damaged = zipfile.ZipFile(options.file).testzip()
    if damaged:
        raise SystemExit(f"the archive's check sum of {damaged} is wrong")
    places = collections.defaultdict(list)
    for name, tensor in tensors.items():
        if tensor.numel():
            places[tensor.untyped_storage().data_ptr()].append(name)
    return report(tensors, options.values) | {"shared": [names for names in places.values() if len(names) > 1]}


def safetensors_load(options):
    tensors = safetensors.torch.load_file(options.file)
    with safetensors.safe_open(options.file, "pt") as opened:
        metadata = opened.metadata()
    return report(tensors, options.values) | {"metadata": metadata}


def report(tensors, has_values):
    return {"tensors": [
        [name, described(tensor, has_values) | {"sha256": hash_of_values(tensor)}] for name, tensor in tensors.items()]}


def hash_of_values(tensor):
    """Of the elements' bytes, row by row."""
    return hashlib.sha256(tensor.detach().contiguous().reshape(-1).view(torch.uint8).numpy()).hexdigest()


def described(tensor, has_values=True):
    """Shape, type and values; numbers that JSON cannot hold are written as text."""
    tensor = tensor.detach()
    entry = {"shape": list(tensor.shape), "type": str(tensor.dtype).removeprefix("torch.")}
    if has_values and not tensor.is_complex():
        entry["values"] = [
            value if value == value and abs(value) != float("inf") else str(value)
            for value in (float(value) for value in tensor.flatten().double())
        ]
    return entry
