"""Greedy generation with a key-value cache in PyTorch, one sequence, timed. Prints one line of JSON."""
import argparse
import json
import time

import torch

import minimind

PROMPT_LENGTH = 32
WARM_UP_TOKENS = 16


class Cache:
    """Keys and values of one layer, in room made once."""

    def __init__(self, heads, longest, width, dtype):
        self.keys = torch.empty(1, heads, longest, width, dtype=dtype)
        self.values = torch.empty_like(self.keys)
        self.length = 0

    def extended(self, keys, values):
        end = self.length + keys.shape[2]
        self.keys[:, :, self.length:end] = keys
        self.values[:, :, self.length:end] = values
        self.length = end
        return self.keys[:, :, :end], self.values[:, :, :end]


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    minimind.add_model_flags(parser)
    parser.add_argument("--tokens", type=int, default=256)
    return parser.parse_args()


@torch.inference_mode()
def generate(model, prompt, count):
    """The ids that follow the prompt; no token ends it early."""
    longest = prompt.shape[1] + count
    attention = model.layers[0].attention
    dtype = model.norm.weight.dtype
    caches = [Cache(attention.kv_heads, longest, attention.width, dtype) for _ in model.layers]
    rotation = minimind.rotations(model.head_width, longest)
    ids, start, answer = prompt, 0, []
    for _ in range(count):
        logits = model(ids, rotation[:, start:start + ids.shape[1]], caches)
        start += ids.shape[1]
        ids = logits[:, -1:].argmax(-1)
        answer.append(ids.item())
    return answer


def main():
    options = parse()
    torch.set_num_threads(options.threads)
    model = minimind.load(options).to(getattr(torch, options.dtype)).eval()
    prompt = torch.arange(PROMPT_LENGTH)[None] + 100
    generate(model, prompt, WARM_UP_TOKENS)
    begun = time.perf_counter()
    generate(model, prompt, options.tokens)
    print(json.dumps({"tokens_per_second": options.tokens / (time.perf_counter() - begun)}))


if __name__ == "__main__":
    main()
