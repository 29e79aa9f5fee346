"""MiniMind's model of early 2025 in PyTorch, with LoRA on its square projections.

The modules are named as the published weights name them, so a weights file loads as it is.
"""
import argparse
import os

import torch
import torch.nn.functional as F
from torch import nn

ROPE_THETA = 1e6
NORM_EPSILON = 1e-5


class LoRALinear(nn.Module):
    """A frozen projection with a low-rank addition: W x + B A x."""

    def __init__(self, base, rank):
        super().__init__()
        self.weight = base.weight
        self.A = nn.Parameter(torch.randn(rank, base.in_features) * 0.02)
        self.B = nn.Parameter(torch.zeros(base.out_features, rank))

    def forward(self, x):
        return F.linear(x, self.weight) + F.linear(F.linear(x, self.A), self.B)


class RMSNorm(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(dim))

    def forward(self, x):
        return F.rms_norm(x, self.weight.shape, self.weight, NORM_EPSILON)


class Attention(nn.Module):
    def __init__(self, dim, heads, kv_heads):
        super().__init__()
        self.heads, self.kv_heads, self.width = heads, kv_heads, dim // heads
        self.wq = nn.Linear(dim, dim, bias=False)
        self.wk = nn.Linear(dim, kv_heads * self.width, bias=False)
        self.wv = nn.Linear(dim, kv_heads * self.width, bias=False)
        self.wo = nn.Linear(dim, dim, bias=False)

    def forward(self, x, rotation, cache=None):
        rows, length, _ = x.shape
        q = rotate(self.wq(x).view(rows, length, self.heads, self.width), rotation).transpose(1, 2)
        k = rotate(self.wk(x).view(rows, length, self.kv_heads, self.width), rotation).transpose(1, 2)
        v = self.wv(x).view(rows, length, self.kv_heads, self.width).transpose(1, 2)
        if cache is not None:
            k, v = cache.extended(k, v)
        mixed = attend(q, k, v)
        return self.wo(mixed.transpose(1, 2).reshape(rows, length, -1))


def attend(q, k, v):
    """Under autocast in float32: on a CPU the backward pass of the bfloat16 kernel takes longer."""
    if torch.is_autocast_enabled("cpu"):
        with torch.autocast("cpu", enabled=False):
            return attend(q.float(), k.float(), v.float())
    return F.scaled_dot_product_attention(q, k, v, is_causal=q.shape[2] > 1, enable_gqa=True)


class FeedForward(nn.Module):
    def __init__(self, dim):
        super().__init__()
        hidden = 64 * ((8 * dim // 3 + 63) // 64)
        self.w1 = nn.Linear(dim, hidden, bias=False)
        self.w2 = nn.Linear(hidden, dim, bias=False)
        self.w3 = nn.Linear(dim, hidden, bias=False)

    def forward(self, x):
        return self.w2(F.silu(self.w1(x)) * self.w3(x))


class Layer(nn.Module):
    def __init__(self, dim, heads, kv_heads):
        super().__init__()
        self.attention = Attention(dim, heads, kv_heads)
        self.feed_forward = FeedForward(dim)
        self.attention_norm = RMSNorm(dim)
        self.ffn_norm = RMSNorm(dim)

    def forward(self, x, rotation, cache=None):
        x = x + self.attention(self.attention_norm(x), rotation, cache)
        return x + self.feed_forward(self.ffn_norm(x))


class MiniMind(nn.Module):
    def __init__(self, dim, layers, heads, kv_heads, vocabulary):
        super().__init__()
        self.head_width = dim // heads
        self.tok_embeddings = nn.Embedding(vocabulary, dim)
        self.layers = nn.ModuleList(Layer(dim, heads, kv_heads) for _ in range(layers))
        self.norm = RMSNorm(dim)
        self.output = nn.Linear(dim, vocabulary, bias=False)
        self.output.weight = self.tok_embeddings.weight

    def forward(self, ids, rotation, caches=None):
        x = self.tok_embeddings(ids)
        for index, layer in enumerate(self.layers):
            x = layer(x, rotation, caches[index] if caches else None)
        return self.output(self.norm(x))

    def add_lora(self, rank=16):
        """Freezes the model, adapts every square projection and returns what is trained."""
        self.requires_grad_(False)
        for layer in self.layers:
            attention = layer.attention
            for name in ("wq", "wk", "wv", "wo"):
                linear = getattr(attention, name)
                if linear.in_features == linear.out_features:
                    setattr(attention, name, LoRALinear(linear, rank))
        return [parameter for parameter in self.parameters() if parameter.requires_grad]


def rotations(width, length):
    """Rotary position factors as complex numbers, for interleaved pairs: [1, length, 1, width / 2]."""
    rates = 1.0 / ROPE_THETA ** (torch.arange(0, width, 2).float() / width)
    angles = torch.outer(torch.arange(length).float(), rates)
    return torch.polar(torch.ones_like(angles), angles)[None, :, None, :]


def rotate(x, rotation):
    pairs = torch.view_as_complex(x.float().unflatten(-1, (-1, 2)))
    return torch.view_as_real(pairs * rotation).flatten(-2).to(x.dtype)


def add_model_flags(parser: argparse.ArgumentParser):
    parser.add_argument("--base_path", required=True)
    parser.add_argument("--dim", type=int, default=512)
    parser.add_argument("--n_layers", type=int, default=8)
    parser.add_argument("--n_heads", type=int, default=8)
    parser.add_argument("--n_kv_heads", type=int, default=2)
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), default="bfloat16")
    parser.add_argument("--threads", type=int, default=os.cpu_count())


def load(options):
    """The model with its base weights in float32."""
    weights = torch.load(options.base_path, map_location="cpu", weights_only=True)
    model = MiniMind(
        options.dim, options.n_layers, options.n_heads, options.n_kv_heads,
        weights["tok_embeddings.weight"].shape[0])
    model.load_state_dict({name: weights[name].float() for name in model.state_dict()})
    return model
