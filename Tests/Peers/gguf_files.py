"""GGUF files as the gguf package reads and writes them."""
import ctypes
from pathlib import Path

import gguf
import numpy as np
import safetensors.numpy


def dump(options):
    """Shapes are in the order of PyTorch: [rows, columns]."""
    reader = gguf.GGUFReader(options.file)
    if options.values:
        tensors = {tensor.name: tensor for tensor in reader.tensors}
        absent = [name for name in options.values if name not in tensors]
        if absent or not options.out:
            raise SystemExit(f"no tensor {absent[0]!r} in {options.file}" if absent else "--values needs --out")
        safetensors.numpy.save_file({name: values(tensors[name]) for name in options.values}, options.out)
    return {
        "alignment": reader.alignment,
        "metadata": {
            name: {"type": [kind.name for kind in field.types], "value": field.contents()}
            for name, field in reader.fields.items()},
        "tensors": [
            {"name": tensor.name, "shape": shape(tensor), "type": tensor.tensor_type.name,
             "offset": int(tensor.data_offset), "bytes": int(tensor.n_bytes)}
            for tensor in reader.tensors],
    }


def make(options):
    """Tensors in the types asked for; what a quantized type holds is what ggml itself makes of the values."""
    writer = gguf.GGUFWriter(options.out, options.architecture)
    for name, value in options.metadata.items():
        add = {bool: writer.add_bool, int: writer.add_uint32, float: writer.add_float32, str: writer.add_string,
               list: writer.add_array}[type(value)]
        add(name, value)
    for name, tensor in safetensors.numpy.load_file(options.tensors).items():
        kind = gguf.GGMLQuantizationType[options.types.get(name, options.type)]
        writer.add_tensor(name, quantized(tensor.astype(np.float32), kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return {"out": str(options.out)}


def shape(tensor):
    return [int(size) for size in reversed(tensor.shape)]


def values(tensor):
    return np.ascontiguousarray(gguf.quants.dequantize(tensor.data, tensor.tensor_type)).reshape(shape(tensor)).astype(np.float32)


def quantized(tensor, kind):
    if kind == gguf.GGMLQuantizationType.F32:
        return tensor
    try:
        return gguf.quants.quantize(tensor, kind)
    except NotImplementedError:
        return quantized_by_ggml(tensor, kind)


def quantized_by_ggml(tensor, kind):
    """For types that the gguf package reads alone."""
    import llama_cpp

    library = ctypes.CDLL(next((Path(llama_cpp.__file__).parent / "lib").glob("libggml-base.*")))
    library.ggml_quantize_chunk.restype = ctypes.c_size_t
    library.ggml_quantize_chunk.argtypes = [
        ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64, ctypes.c_int64, ctypes.c_void_p]
    tensor = np.ascontiguousarray(tensor)
    weights = np.ones(tensor.shape[-1], dtype=np.float32)
    result = np.empty(gguf.quant_shape_to_byte_shape(tensor.shape, kind), dtype=np.uint8)
    rows = tensor.size // tensor.shape[-1]
    library.ggml_quantize_chunk(
        kind, tensor.ctypes.data, result.ctypes.data, 0, rows, tensor.shape[-1], weights.ctypes.data)
    return result
