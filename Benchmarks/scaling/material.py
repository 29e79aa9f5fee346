"""Makes what is trained on and with, once, by Python alone: conversations and a base of random weights."""
import json
import re
import struct
import random

import inputs
from environment import BUILD

SAMPLES = 192  # whole epochs of 16, 32 and 64
GREETINGS = [("", ""), ("你好！", "Hello! "), ("请问，", "Tell me: "), ("嗨！", "Hi! ")]


def conversations():
    """As short as the default recipe's, and all different."""
    return inputs_made("scaling-identity.jsonl", make_identity)


def full_rows():
    return inputs_made("long.jsonl", inputs.make_long)


def base():
    return inputs_made("scaling-base-512.safetensors", make_base)


def inputs_made(name, make):
    BUILD.mkdir(parents=True, exist_ok=True)
    path = BUILD / name
    if not path.exists():
        make(path)
    return path


def make_identity(path):
    sources = [json.loads(line) for line in (inputs.EXAMPLE / "lora_identity.jsonl").read_text("utf-8").splitlines()]

    def lines():
        for index in range(SAMPLES):
            made = inputs.identity_conversation(sources, index % len(sources))
            question = made["conversations"][1]
            is_chinese = re.search("[\u4e00-\u9fff]", question["content"]) is not None
            question["content"] = GREETINGS[index // len(sources)][0 if is_chinese else 1] + question["content"]
            yield json.dumps(made, ensure_ascii=False)

    inputs.write_lines(path, lines())


def make_base(path):
    """MiniMind's keys in float16. A value's lower byte is of any kind, the upper one as of a normal distribution."""
    shape, generator = inputs.MINIMIND, random.Random(1337)
    upper = bytes(struct.pack("<e", generator.gauss(0, 0.02))[1] for _ in range(256))

    def matrix(rows, columns):
        values = bytearray(2 * rows * columns)
        values[0::2] = generator.randbytes(rows * columns)
        values[1::2] = generator.randbytes(rows * columns).translate(upper)
        return [rows, columns], bytes(values)

    def ones():
        return [shape.dim], struct.pack("<e", 1.0) * shape.dim

    width = shape.dim // shape.heads
    hidden = 64 * ((8 * shape.dim // 3 + 63) // 64)
    tensors = {"tok_embeddings.weight": matrix(shape.vocabulary, shape.dim), "norm.weight": ones()}
    for layer in range(shape.layers):
        parts = {
            "attention.wq": matrix(shape.dim, shape.dim),
            "attention.wk": matrix(shape.kv_heads * width, shape.dim),
            "attention.wv": matrix(shape.kv_heads * width, shape.dim),
            "attention.wo": matrix(shape.dim, shape.dim),
            "attention_norm": ones(),
            "ffn_norm": ones(),
            "feed_forward.w1": matrix(hidden, shape.dim),
            "feed_forward.w2": matrix(shape.dim, hidden),
            "feed_forward.w3": matrix(hidden, shape.dim),
        }
        tensors |= {f"layers.{layer}.{name}.weight": tensor for name, tensor in parts.items()}
    tensors["output.weight"] = tensors["tok_embeddings.weight"]
    write_safetensors(path, tensors)


def write_safetensors(path, tensors):
    header, place = {}, 0
    for name, (shape, values) in tensors.items():
        header[name] = {"dtype": "F16", "shape": shape, "data_offsets": [place, place + len(values)]}
        place += len(values)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    draft = path.with_suffix(".part")
    with open(draft, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for _, values in tensors.values():
            file.write(values)
    draft.replace(path)
