"""What transformers (5.x) makes of the gated delta rule, forward and backward: golden.json.

    python make_fixtures.py

Inputs are made of whole numbers, by the same formula in the test. Two sequences in one row, of 70 and 9 tokens: `chunk` by
torch_chunk_gated_delta_rule and `recurrent` by torch_recurrent_gated_delta_rule, of values that float32 has; they are written for
float32, and made to compute in float64. About 300 values of each result and gradient.
"""
import json, os
import torch
from transformers.models.qwen3_5 import modeling_qwen3_5 as modeling


class Float64Torch:
    float32 = torch.float64

    def __getattr__(self, name):
        return getattr(torch, name)


modeling.torch = Float64Torch()

TOKENS, KEY_HEADS, VALUE_HEADS, KEY_DIM, VALUE_DIM = 79, 2, 4, 18, 34
LENGTHS = [70, 9]


def values(shape, a, b):
    n = torch.Size(shape).numel()
    return ((torch.arange(n) * a % b - b // 2).double() / (b // 2)).float().double().reshape(shape)


def some(x):
    x = x.flatten()
    return [float(f"{v:.9g}") for v in x[::max(len(x) // 300, 1)].tolist()]


result = {}
for name, rule in ("chunk", modeling.torch_chunk_gated_delta_rule), ("recurrent", modeling.torch_recurrent_gated_delta_rule):
    x = values([TOKENS, 2 * KEY_HEADS * KEY_DIM + VALUE_HEADS * VALUE_DIM], 7919, 1009).requires_grad_()
    a, b = values([TOKENS, VALUE_HEADS], 331, 97).requires_grad_(), values([TOKENS, VALUE_HEADS], 173, 89).requires_grad_()
    bias, log_rate = values([VALUE_HEADS], 3, 7).requires_grad_(), values([VALUE_HEADS], 5, 7).requires_grad_()
    dy = values([TOKENS, VALUE_HEADS * VALUE_DIM], 613, 211)
    g = -log_rate.exp() * torch.nn.functional.softplus(a + bias)
    beta = b.sigmoid()
    rows, first = [], 0
    for length in LENGTHS:
        part = slice(first, first + length)
        q, k, v = x[part].split([KEY_HEADS * KEY_DIM, KEY_HEADS * KEY_DIM, VALUE_HEADS * VALUE_DIM], dim=-1)
        y, _ = rule(q.reshape(1, length, KEY_HEADS, KEY_DIM), k.reshape(1, length, KEY_HEADS, KEY_DIM),
                    v.reshape(1, length, VALUE_HEADS, VALUE_DIM), g[None, part], beta[None, part], use_qk_l2norm_in_kernel=True)
        rows.append(y.reshape(length, -1))
        first += length
    y = torch.cat(rows)
    (y * dy).sum().backward()
    result[name] = {"y": some(y), **{key: some(value.grad) for key, value in
                                     [("x", x), ("a", a), ("b", b), ("bias", bias), ("log_rate", log_rate)]}}

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "golden.json"), "w") as file:
    json.dump(result, file)
