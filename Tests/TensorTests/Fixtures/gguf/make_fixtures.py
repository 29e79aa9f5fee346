"""Makes the files beside it with the gguf package of llama.cpp, and what each of them holds.

    python make_fixtures.py            makes everything
    python make_fixtures.py --check F  says as JSON what the package reads from the file F

types.gguf       a tensor of every type that is read, of random bytes, and metadata of every type
types.expected   what the package makes of it: for each tensor, in the file's order, its float32 values
q8_0.input       float32 values, and q8_0.expected: the package's bytes of them as Q8_0
expected.json    names, shapes and types of types.gguf's tensors

Made with gguf 0.19; the files are committed, so that no test needs Python.
"""

import json
import pathlib
import sys
import zlib

import numpy
from gguf import GGUFReader, GGUFValueType, GGUFWriter
from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType
from gguf.quants import dequantize, quantize

HERE = pathlib.Path(__file__).parent
T = GGMLQuantizationType

# Where a block has half-precision scales, in bytes from its start.
SCALES = {
    T.Q8_0: [0], T.Q4_0: [0], T.Q4_1: [0, 2], T.Q5_0: [0], T.Q5_1: [0, 2], T.Q4_K: [0, 2], T.Q5_K: [0, 2], T.Q6_K: [208],
    T.Q2_K: [80, 82], T.Q3_K: [108], T.IQ4_NL: [0], T.IQ4_XS: [0], T.TQ1_0: [52], T.TQ2_0: [64], T.MXFP4: []}
# Whose blocks are as they were recorded first.
OLDER = [T.Q8_0, T.Q4_0, T.Q4_1, T.Q5_0, T.Q5_1, T.Q4_K, T.Q5_K, T.Q6_K]


def blocks(kind, rows, width, random):
    """Random bytes with scales that are numbers: of both signs, zero, subnormal and the largest among them."""
    size, length = GGML_QUANT_SIZES[kind]
    data = random.integers(0, 256, (rows * width // size, length), dtype=numpy.uint8)
    for place in SCALES[kind]:
        scales = (random.standard_normal(len(data)) * 0.02).astype(numpy.float16)
        scales[:3] = [0.0, 6e-8, -3.5]
        if kind not in OLDER:
            scales[3] = -65504
        data[:, place:place + 2] = scales.view(numpy.uint8).reshape(-1, 2)
    if kind == T.MXFP4:
        # The two exponents whose scales are subnormal, and the largest one whose products are finite.
        data[:, 0] = random.integers(90, 160, len(data))
        data[:5, 0] = [0, 1, 2, 251, 127]
    return data.reshape(rows, -1)


def types():
    random = numpy.random.default_rng(7)
    writer = GGUFWriter(HERE / "types.gguf", "llama")
    writer.add_uint8("a.uint8", 255)
    writer.add_int8("a.int8", -128)
    writer.add_uint16("a.uint16", 65535)
    writer.add_int16("a.int16", -32768)
    writer.add_uint32("a.uint32", 2**32 - 1)
    writer.add_int32("a.int32", -(2**31))
    writer.add_float32("a.float32", 0.1)
    writer.add_bool("a.bool", True)
    writer.add_string("a.string", "字 \U0001f642 e\u0301\n")
    writer.add_uint64("a.uint64", 2**64 - 1)
    writer.add_int64("a.int64", -(2**63))
    writer.add_float64("a.float64", 0.1)
    writer.add_array("a.strings", ["", "one", "Ġzwei", "<|im_end|>"])
    writer.add_array("a.floats", [0.0, -1.5, 3.25])
    writer.add_array("a.integers", [-1, 0, 2**31 - 1])
    writer.add_array("a.bools", [True, False])
    writer.add_array("a.nested", [[1, 2], [3]])
    writer.add_key_value("a.bytes", b"\x00\x7f\xff", GGUFValueType.ARRAY, GGUFValueType.UINT8)
    kinds = {}
    for kind in SCALES:
        width = 512 if GGML_QUANT_SIZES[kind][0] == 256 else 96
        rows = 2 if width == 512 else 5
        data = blocks(kind, rows, width, random)
        kinds[f"blk.0.{kind.name}.weight"] = (kind, data)
        writer.add_tensor(f"blk.0.{kind.name}.weight", data, raw_dtype=kind)
    floats = random.standard_normal((3, 2, 5)).astype(numpy.float32)
    floats[0, 0, :4] = [0.0, -0.0, numpy.inf, 1e-41]
    for kind, data in [(T.F32, floats), (T.F16, floats.astype(numpy.float16)), (T.F64, floats.astype(numpy.float64) / 3)]:
        kinds[kind.name] = (kind, data)
        writer.add_tensor(kind.name, data)
    kinds["BF16"] = (T.BF16, quantize(floats, T.BF16))
    writer.add_tensor("BF16", kinds["BF16"][1], raw_dtype=T.BF16)
    for dtype in (numpy.int8, numpy.int16, numpy.int32, numpy.int64):
        bounds = numpy.iinfo(dtype)
        data = numpy.array([bounds.min, -1, 0, 1, bounds.max], dtype=dtype)
        kinds[f"I{bounds.bits}"] = (T[f"I{bounds.bits}"], data)
        writer.add_tensor(f"I{bounds.bits}", data)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    entries, values = [], b""
    for name, (kind, data) in kinds.items():
        plain = kind in (T.F32, T.F16, T.F64) or kind in (T.I8, T.I16, T.I32, T.I64)
        value = data.astype(numpy.float32) if plain else dequantize(data, kind)
        entries.append({"name": name, "shape": list(value.shape), "type": kind.name})
        values += value.astype("<f4").tobytes()
    (HERE / "expected.json").write_text(json.dumps(entries, indent=1) + "\n")
    (HERE / "types.expected").write_bytes(values)


def q8_0():
    """Values of ordinary and of extreme size, and such as lie in the middle of two integers."""
    random = numpy.random.default_rng(8)
    values = random.standard_normal((40, 32)).astype(numpy.float32)
    values *= numpy.exp(random.uniform(-12, 8, (40, 1))).astype(numpy.float32)
    values[0] = 0
    values[1] = numpy.linspace(-15.5, 15.5, 32)
    values[1, 0] = 127
    values[2] = numpy.arange(32) - 0.5
    values[2, 0] = -127
    values[3] = 1e-9
    (HERE / "q8_0.input").write_bytes(values.tobytes())
    (HERE / "q8_0.expected").write_bytes(quantize(values, T.Q8_0).tobytes())


def check(path):
    reader = GGUFReader(path)
    fields = {key: field.contents() for key, field in reader.fields.items() if not key.startswith("GGUF.")}
    tensors = []
    for tensor in reader.tensors:
        plain = tensor.tensor_type.name in ("F32", "F16", "F64", "I8", "I16", "I32", "I64")
        value = tensor.data.astype(numpy.float32) if plain else dequantize(tensor.data, tensor.tensor_type)
        shape = [int(size) for size in reversed(tensor.shape)]
        checksum = zlib.crc32(value.astype("<f4").tobytes())
        tensors.append({"name": tensor.name, "shape": shape, "type": tensor.tensor_type.name, "checksum": checksum})
    print(json.dumps({"metadata": fields, "tensors": tensors}))


if len(sys.argv) == 3 and sys.argv[1] == "--check":
    check(sys.argv[2])
else:
    types()
    q8_0()
