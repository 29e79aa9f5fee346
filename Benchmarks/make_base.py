"""Writes random base weights in the format of MiniMind's published files of early 2025, in half precision."""
import argparse

import torch


def weights(dim, layers, heads, kv_heads, vocabulary):
    generator = torch.Generator().manual_seed(1337)

    def matrix(rows, columns):
        return (torch.randn(rows, columns, generator=generator) * 0.02).half()

    width = dim // heads
    hidden = 64 * ((8 * dim // 3 + 63) // 64)
    embedding = matrix(vocabulary, dim)
    tensors = {"tok_embeddings.weight": embedding}
    for layer in range(layers):
        tensors |= {
            f"layers.{layer}.{name}.weight": tensor
            for name, tensor in {
                "attention.wq": matrix(dim, dim),
                "attention.wk": matrix(kv_heads * width, dim),
                "attention.wv": matrix(kv_heads * width, dim),
                "attention.wo": matrix(dim, dim),
                "attention_norm": torch.ones(dim).half(),
                "ffn_norm": torch.ones(dim).half(),
                "feed_forward.w1": matrix(hidden, dim),
                "feed_forward.w2": matrix(dim, hidden),
                "feed_forward.w3": matrix(hidden, dim),
            }.items()
        }
    return tensors | {"norm.weight": torch.ones(dim).half(), "output.weight": embedding}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path")
    for flag in ("dim", "n_layers", "n_heads", "n_kv_heads", "vocab_size"):
        parser.add_argument(f"--{flag}", type=int, required=True)
    options = parser.parse_args()
    torch.save(
        weights(options.dim, options.n_layers, options.n_heads, options.n_kv_heads, options.vocab_size),
        options.path)


if __name__ == "__main__":
    main()
