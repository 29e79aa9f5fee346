"""MiniMind's LoRA recipe in PyTorch, timed.

By default as one would tune it: rows trimmed to the batch's longest, bfloat16 autocast. With
`--padded --dtype float32` as the published script runs on a CPU: every row filled to --max_seq_len.
Prints one line of JSON.
"""
import time

STARTED = time.perf_counter()

import argparse

import torch
import torch.nn.functional as F

import minimind
import recipe
import samples
from stopwatch import Stopwatch


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    minimind.add_model_flags(parser)
    parser.add_argument("--data_path", required=True)
    parser.add_argument("--tokenizer_path", required=True)
    parser.add_argument("--batch_size", type=int, default=16)
    parser.add_argument("--max_seq_len", type=int, default=512)
    parser.add_argument("--padded", action="store_true", help="fill every row to --max_seq_len")
    parser.add_argument("--steps", type=int, default=8)
    return parser.parse_args()


def masked_loss(logits, targets, mask):
    each = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none")
    mask = mask.flatten()
    return (each * mask).sum() / mask.sum()


def main():
    options = parse()
    torch.set_num_threads(options.threads)
    torch.manual_seed(1337)
    model = minimind.load(options)
    trained = model.add_lora()
    optimizer = torch.optim.AdamW(trained, lr=5e-5)
    rotation = minimind.rotations(model.head_width, options.max_seq_len)
    rows = samples.read(options.data_path, options.tokenizer_path, options.max_seq_len)
    precision = recipe.precision(options.dtype)

    def step(ids, mask):
        inputs, targets = ids[:, :-1], ids[:, 1:]
        with precision:
            logits = model(inputs, rotation[:, :inputs.shape[1]])
            loss = masked_loss(logits, targets, mask[:, 1:])
        return recipe.optimize(loss, trained, optimizer)

    stopwatch = Stopwatch(STARTED)
    padded_to = options.max_seq_len if options.padded else None
    last_loss = stopwatch.run(options.steps, samples.batches(rows, options.batch_size, padded_to), step)
    stopwatch.report(last_loss)


if __name__ == "__main__":
    main()
