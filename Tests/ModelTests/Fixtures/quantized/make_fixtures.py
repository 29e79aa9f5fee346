"""Makes a tiny Llama in every way in which libraries pack weights, and what each library unpacks.

    python make_fixtures.py [NAME ...]

A folder a way, which the tests find by itself: config.json, model.safetensors, and expected.json: the logits of transformers'
Llama in float32 with the unpacked weights, and of each unpacked weight its shape, type, first values, and the CRC-32 of its
values as float32. Where the values come from:

mlx-*   mlx.core.quantize and dequantize (mlx 0.32, on a CPU)
fp8     transformers' Fp8Dequantize (5.24); fp8-ragged, whose blocks do not divide the weights, and fp8-rows and
        tensors-*, a number times its scale by torch
bnb-*   bitsandbytes' quantize_4bit, dequantize_4bit, int8_vectorwise_quant and _dequant (0.50, on a CPU)
gptq-*  packed here by the published layout; unpacked by AutoGPTQ's QuantLinear (0.7.1), a product with the unit matrix in float32;
        the format gptq_v2, which it does not have, by the formula below
awq     packed by AutoAWQ's order; unpacked by AutoAWQ's dequantize_gemm (0.2.9)

AutoGPTQ and AutoAWQ need not be there: their functions are then replaced by the formula below, with which they are compared otherwise.
"""
import importlib.util
import json
import pathlib
import sys
import zlib

import numpy
import torch
import transformers
from safetensors.torch import save_file

HERE = pathlib.Path(__file__).parent
TOKENS = [3, 17, 30, 5, 5, 21]
AUTO_GPTQ, AUTO_AWQ = (importlib.util.find_spec(name) for name in ("auto_gptq", "awq"))
SIZES = dict(vocab_size=32, hidden_size=32, intermediate_size=32, num_hidden_layers=1, num_attention_heads=4, num_key_value_heads=2,
             max_position_embeddings=64, bos_token_id=1, eos_token_id=2, pad_token_id=0, tie_word_embeddings=True)


def weights(sizes):
    """Weights by name; of linear layers float32, the others as a folder has them, in bfloat16."""
    generator = torch.Generator().manual_seed(11)
    model = transformers.LlamaForCausalLM(transformers.LlamaConfig(**sizes))
    result = {}
    for name, parameter in model.state_dict().items():
        if name == "lm_head.weight":
            continue
        noise = torch.randn(parameter.shape, generator=generator)
        if parameter.dim() == 1:
            result[name] = (1 + 0.3 * noise).bfloat16()
        else:
            # Rows of several sizes, so that scales differ.
            result[name] = noise * torch.rand(parameter.shape[0], 1, generator=generator) * 0.3
    return result


def is_linear(name):
    return "proj" in name


def torch_to_mlx(tensor):
    import mlx.core as mx
    array = mx.array(tensor.float().numpy())
    return array.astype({torch.bfloat16: mx.bfloat16, torch.float16: mx.float16}.get(tensor.dtype, mx.float32))


def mlx_to_torch(array):
    import mlx.core as mx
    types = {mx.bfloat16: torch.bfloat16, mx.float16: torch.float16, mx.float32: torch.float32}
    if array.dtype == mx.uint32:
        return torch.from_numpy(numpy.array(array).view(numpy.int32).copy()).view(torch.uint32)
    return torch.from_numpy(numpy.array(array.astype(mx.float32))).to(types[array.dtype])


def mlx(bits, group, dtype, own={}, left_out=()):
    import mlx.core as mx

    def make(name, weight):
        module = name.removesuffix(".weight")
        if weight.dim() < 2 or module in left_out:
            return {name: weight.to(dtype)}, weight.to(dtype)
        form = {"bits": bits, "group_size": group, **own.get(module, {})}
        packed, scales, biases = mx.quantize(torch_to_mlx(weight.to(dtype)), group_size=form["group_size"], bits=form["bits"])
        value = mx.dequantize(packed, scales, biases, group_size=form["group_size"], bits=form["bits"])
        parts = {"weight": mlx_to_torch(packed), "scales": mlx_to_torch(scales), "biases": mlx_to_torch(biases)}
        return {f"{module}.{part}": tensor for part, tensor in parts.items()}, mlx_to_torch(value)

    settings = {"group_size": group, "bits": bits, **own, **{module: False for module in left_out}}
    return {"quantization": settings, "quantization_config": settings}, make


def fp8(block, rows=False, method="fp8"):
    def make(name, weight):
        if not is_linear(name):
            return {name: weight.bfloat16()}, weight.bfloat16()
        (out, width), (high, wide) = weight.shape, block or ((1, weight.shape[1]) if rows else weight.shape)
        grid = -(-out // high), -(-width // wide)
        scales = torch.zeros(grid)
        for row in range(grid[0]):
            for column in range(grid[1]):
                part = weight[row * high:(row + 1) * high, column * wide:(column + 1) * wide]
                scales[row, column] = part.abs().max() / 448
        full = scales.repeat_interleave(high, 0)[:out].repeat_interleave(wide, 1)[:, :width]
        packed = (weight / full).to(torch.float8_e4m3fn)
        # All numbers there are, subnormal ones and both zeros among them.
        codes = torch.arange(256, dtype=torch.int16)[torch.arange(256) % 128 != 127].to(torch.uint8)
        packed.view(torch.uint8).reshape(-1)[:254] = codes
        if method == "compressed-tensors":
            scales = (scales.reshape(1) if scales.numel() == 1 else scales).bfloat16()
            value = packed.to(torch.bfloat16) * scales
        else:
            value = packed.float() * full
        if method == "fp8" and out % high == 0 and width % wide == 0:
            from transformers.integrations.finegrained_fp8 import Fp8Dequantize
            assert torch.equal(value, Fp8Dequantize(None)._dequantize_one(packed, scales, torch.float32))
        ending = "weight_scale_inv" if method == "fp8" else "weight_scale"
        parts = {name: packed, name.replace("weight", ending): scales}
        return parts, value

    if method == "compressed-tensors":
        group = {"targets": ["Linear"], "input_activations": None, "weights": {
            "num_bits": 8, "type": "float", "strategy": "channel" if rows else "tensor", "symmetric": True, "dynamic": False}}
        settings = {"quant_method": method, "format": "float-quantized", "quantization_status": "compressed",
                    "config_groups": {"group_0": group}, "ignore": ["lm_head"]}
    else:
        settings = {"quant_method": method, "activation_scheme": "dynamic", "fmt": "e4m3"}
        if block:
            settings["weight_block_size"] = list(block)
        if method == "fbgemm_fp8":
            settings = {"quant_method": method, "activation_scale_ub": 1200.0, "modules_to_not_convert": ["lm_head"]}
    return {"quantization_config": settings}, make


def bnb4(kind, nested, dtype):
    import bitsandbytes.functional as functional

    def make(name, weight):
        if not is_linear(name):
            return {name: weight.to(dtype)}, weight.to(dtype)
        packed, state = functional.quantize_4bit(weight.to(dtype), blocksize=64, compress_statistics=nested, quant_type=kind)
        parts = {name: packed, **{f"{name}.{part}": tensor for part, tensor in state.as_dict(packed=True).items()}}
        return parts, functional.dequantize_4bit(packed, state)

    return {"quantization_config": {
        "quant_method": "bitsandbytes", "_load_in_4bit": True, "_load_in_8bit": False, "load_in_4bit": True, "load_in_8bit": False,
        "bnb_4bit_quant_type": kind, "bnb_4bit_use_double_quant": nested, "bnb_4bit_compute_dtype": "bfloat16",
        "bnb_4bit_quant_storage": "uint8", "llm_int8_skip_modules": None, "llm_int8_threshold": 6.0}}, make


def bnb8():
    import bitsandbytes.functional as functional

    def make(name, weight):
        if not is_linear(name):
            return {name: weight.half()}, weight.half()
        largest = weight.half().abs().amax(1).float()
        packed = torch.round(weight.half().float() * 127 / largest[:, None]).to(torch.int8)
        parts = {name: packed, name.replace("weight", "SCB"): largest, name.replace("weight", "weight_format"): torch.tensor(0, dtype=torch.uint8)}
        return parts, functional.int8_vectorwise_dequant(packed, largest)

    return {"quantization_config": {"quant_method": "bitsandbytes", "load_in_4bit": False, "load_in_8bit": True}}, make


def packed_words(integers, bits, order=None):
    """Integers [rows, n] as words [rows, n * bits / 32] of neighbours; `order` says which column stands at each place."""
    count = 32 // bits
    integers = integers.reshape(integers.shape[0], -1, count).astype(numpy.uint64)
    if order is not None:
        integers = integers[:, :, order]
    words = (integers << (numpy.arange(count, dtype=numpy.uint64) * bits)).sum(-1)
    return torch.from_numpy(words.astype(numpy.uint32).view(numpy.int32).copy())


def grouped(weight, bits, groups, symmetric):
    """Integers [in, out], and zero points and scales [groups, out], by the least and the largest value of a group."""
    count = int(groups.max()) + 1
    transposed = weight.numpy().T
    scales, zeros = numpy.zeros((count, weight.shape[0]), numpy.float16), numpy.zeros((count, weight.shape[0]), numpy.int64)
    top = 2**bits - 1
    for group in range(count):
        part = transposed[groups == group]
        low, high = numpy.minimum(part.min(0), 0), numpy.maximum(part.max(0), 0)
        if symmetric:
            high = numpy.maximum(-low, high)
            low = -high
        scales[group] = (high - low) / top
        zeros[group] = (top + 1) // 2 if symmetric else numpy.clip(numpy.round(-low / scales[group].astype(numpy.float32)), 1, top)
    integers = numpy.clip(numpy.round(transposed / scales[groups].astype(numpy.float32)) + zeros[groups], 0, top).astype(numpy.int64)
    return integers, zeros, scales


def formula(integers, zeros, scales, groups):
    """(integer - zero) * scale in half precision, [out, in]."""
    return torch.from_numpy(((integers - zeros[groups]).astype(numpy.float16) * scales[groups]).T.copy())


def by_auto_gptq(parts, bits, group, shape):
    """What AutoGPTQ multiplies by; `None` where it is not there. The file alone is loaded, as the package needs an older transformers."""
    if AUTO_GPTQ is None:
        return None
    import types
    for name in ("auto_gptq", "auto_gptq.nn_modules", "auto_gptq.nn_modules.qlinear"):
        module = types.ModuleType(name)
        module.__path__ = [str(pathlib.Path(AUTO_GPTQ.submodule_search_locations[0]).joinpath(*name.split(".")[1:]))]
        sys.modules[name] = module
    # Named where the file is imported, and asked only for packing.
    from auto_gptq.nn_modules.qlinear.qlinear_cuda import QuantLinear
    out, width = shape
    layer = QuantLinear(bits, group, width, out, False)
    for name, tensor in parts.items():
        layer.register_buffer(name, tensor)
    layer.float().scales.data = layer.scales.half()
    identity = torch.eye(width, dtype=torch.float16)
    return layer(identity).T.contiguous().half()


def gptq(bits, group, symmetric, order=False, version="gptq"):
    generator = numpy.random.default_rng(5)

    def make(name, weight):
        if not is_linear(name):
            return {name: weight.half()}, weight.half()
        groups = numpy.arange(weight.shape[1]) // (weight.shape[1] if group < 0 else group)
        if order:
            groups = generator.permutation(groups)
        integers, zeros, scales = grouped(weight, bits, groups, symmetric)
        value = formula(integers, zeros, scales, groups)
        parts = {"qweight": packed_words(integers.T, bits).T.contiguous(), "scales": torch.from_numpy(scales),
                 "qzeros": packed_words(zeros - (1 if version == "gptq" else 0), bits), "g_idx": torch.from_numpy(groups.astype(numpy.int32))}
        if version == "gptq":
            theirs = by_auto_gptq(parts, bits, group, weight.shape)
            assert theirs is None or torch.equal(theirs, value), name
        return {name.replace("weight", part): tensor for part, tensor in parts.items()}, value

    return {"quantization_config": {
        "quant_method": "gptq", "bits": bits, "group_size": group, "sym": symmetric, "desc_act": order, "checkpoint_format": version,
        "damp_percent": 0.01, "true_sequential": True, "lm_head": False}}, make


def awq(group):
    def make(name, weight):
        if not is_linear(name):
            return {name: weight.half()}, weight.half()
        groups = numpy.arange(weight.shape[1]) // group
        integers, zeros, scales = grouped(weight, 4, groups, False)
        value = formula(integers, zeros, scales, groups)
        order = [0, 2, 4, 6, 1, 3, 5, 7]
        parts = {"qweight": packed_words(integers, 4, order), "qzeros": packed_words(zeros, 4, order), "scales": torch.from_numpy(scales)}
        if AUTO_AWQ is not None:
            path = pathlib.Path(AUTO_AWQ.submodule_search_locations[0]) / "utils/packing_utils.py"
            file = importlib.util.spec_from_file_location("packing_utils", path)
            module = importlib.util.module_from_spec(file)
            file.loader.exec_module(module)
            assert torch.equal(module.dequantize_gemm(parts["qweight"], parts["qzeros"], parts["scales"], 4, group).T, value), name
        return {name.replace("weight", part): tensor for part, tensor in parts.items()}, value

    return {"quantization_config": {
        "quant_method": "awq", "bits": 4, "group_size": group, "zero_point": True, "version": "gemm", "modules_to_not_convert": None}}, make


CASES = {
    "mlx-4bit": lambda: mlx(4, 64, torch.bfloat16),
    "mlx-mixed": lambda: mlx(3, 32, torch.float16, {
        "model.layers.0.mlp.down_proj": {"bits": 6, "group_size": 64}, "model.layers.0.mlp.up_proj": {"bits": 8},
        "model.layers.0.self_attn.q_proj": {"bits": 2}, "model.layers.0.self_attn.k_proj": {"bits": 5}}, ("model.layers.0.self_attn.o_proj",)),
    "fp8": lambda: fp8((32, 16)),
    "fp8-ragged": lambda: fp8((48, 40)),
    "fp8-rows": lambda: fp8(None, rows=True, method="fbgemm_fp8"),
    "tensors-fp8": lambda: fp8(None, method="compressed-tensors"),
    "bnb-nf4": lambda: bnb4("nf4", True, torch.bfloat16),
    "bnb-fp4": lambda: bnb4("fp4", False, torch.float16),
    "bnb-int8": lambda: bnb8(),
    "gptq-4bit": lambda: gptq(4, 16, True),
    "gptq-order": lambda: gptq(4, 16, False, order=True),
    "gptq-8bit": lambda: gptq(8, -1, False),
    "gptq-v2": lambda: gptq(4, 32, False, version="gptq_v2"),
    "awq": lambda: awq(16),
}


def main(names):
    for name in names or CASES:
        settings, make = CASES[name]()
        folder = HERE / name
        folder.mkdir(exist_ok=True)
        tensors, values = {}, {}
        # Groups of 64 columns need as many; so does bitsandbytes' kernel for CPUs, whose rows are whole blocks.
        sizes = {**SIZES, "hidden_size": 64, "intermediate_size": 64} if name.startswith(("mlx", "bnb-nf4", "bnb-fp4")) else SIZES
        for parameter, weight in weights(sizes).items():
            parts, value = make(parameter, weight)
            tensors.update({part: tensor.contiguous() for part, tensor in parts.items()})
            values[parameter] = value
        config = transformers.LlamaConfig(**sizes, torch_dtype="bfloat16", architectures=["LlamaForCausalLM"]).to_diff_dict()
        (folder / "config.json").write_text(json.dumps({**config, **settings}, indent=1) + "\n")
        save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
        model = transformers.LlamaForCausalLM(transformers.LlamaConfig(**sizes)).float().eval()
        model.load_state_dict({key: value.float() for key, value in values.items()}, strict=False)
        with torch.no_grad():
            logits = model(torch.tensor([TOKENS])).logits[0]
        expected = {"tokens": TOKENS, "logits": [round(value, 7) for value in logits.flatten().tolist()], "weights": {}}
        for key, value in values.items():
            floats = value.float().contiguous().numpy().astype("<f4")
            expected["weights"][key] = {
                "shape": list(value.shape), "type": str(value.dtype).removeprefix("torch."), "checksum": zlib.crc32(floats.tobytes()),
                "first": [float(number) for number in floats.reshape(-1)[:4]]}
        (folder / "expected.json").write_text(json.dumps(expected) + "\n")
        print(name, (folder / "model.safetensors").stat().st_size, float(logits.abs().max()))


main(sys.argv[1:])
