#!/usr/bin/env python3
"""Times tokenizers of several kinds beside Hugging Face's `tokenizers`, each on one thread.

    python3 Benchmarks/tokenizer_kinds.py [--only qwen2,t5] [--rounds 5] [--megabytes 4] [--size 30000]

The vocabularies are trained on the text that is encoded, once, and kept in .build/bench/tokenizers; MiniMind's is that of the
example. Both sides of a kind run in turn, each as a process of its own, and the ratio is that of neighbouring runs: its median,
the least and the greatest. The library encodes line by line and in batches with and without offsets, and the fastest counts.
"""
import argparse
import statistics
import sys

import environment
import inputs
import machine
import mixed_text
from environment import BENCHMARKS, BUILD, BenchError
from measure import run
from run import positive, warn_of_load, words

MINIMIND = "minimind"
KINDS = [MINIMIND, "qwen2", "cl100k", "o200k", "tekken", "deepseek3", "gpt2", "llama2", "llama2-v5", "gemma", "t5", "xlm-roberta", "bert", "clip"]


def main():
    options = parse()
    try:
        unknown = [name for name in options.only or [] if name not in KINDS]
        if unknown:
            raise BenchError(f"there is no kind {unknown[0]!r}; there are {', '.join(KINDS)}")
        command = environment.existing(options.command, "lora-train is not built: run `make build`, or name it with --command")
        python = options.python or environment.make_peers.make_packages()
        folder = BUILD / f"tokenizers-{options.megabytes:g}MB-{options.size}"
        folder.mkdir(parents=True, exist_ok=True)
        text = made_text(folder / "text.txt", options.megabytes)
        kinds = [name for name in KINDS if not options.only or name in options.only]
        make_tokenizers(python, folder, text, [name for name in kinds if name != MINIMIND], options.size)
        warn_of_load()
        print(f"{'kind':12} {'here':>12} {'tokenizers':>12} {'times better':>22}  {'tokens':>9}  the library's fastest way")
        for name in kinds:
            tokenizer = inputs.EXAMPLE if name == MINIMIND else folder / name
            print(row(name, measured(command, python, tokenizer, text, options.rounds)), flush=True)
    except (BenchError, environment.make_peers.PeersError) as error:
        sys.exit(f"error: {error}")


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", type=words, help="kinds, with commas: " + ", ".join(KINDS))
    parser.add_argument("--rounds", type=positive, default=5, help="how often both sides run (5)")
    parser.add_argument("--megabytes", type=float, default=4, help="how long the text is (4)")
    parser.add_argument("--size", type=positive, default=30_000, help="tokens of a vocabulary (30000)")
    parser.add_argument("--command", default=environment.REPOSITORY / ".build" / "release" / "lora-train", help="the command to measure")
    parser.add_argument("--python", help="a Python that has `tokenizers` (that of `make peers`)")
    return parser.parse_args()


def made_text(path, megabytes):
    if not path.exists():
        draft = path.with_suffix(".part")
        mixed_text.make(draft, megabytes)
        draft.replace(path)
    return path


def make_tokenizers(python, folder, text, names, size):
    missing = [name for name in names if not (folder / name / "tokenizer_config.json").exists()]
    if missing:
        print(f"training {', '.join(missing)}", file=sys.stderr)
        environment.must_run(
            [python, BENCHMARKS / "peers" / "train_tokenizers.py", "--text", text, "--folder", folder, "--size", size, *missing],
            "the tokenizers could not be trained")


def measured(command, python, tokenizer, text, rounds):
    """The reports of both sides, round by round; the text of the error where ours refuses the kind."""
    flags = ["--tokenizer_path", tokenizer, "--data_path", text]
    pairs = []
    for _ in range(rounds):
        try:
            ours = run([command, "bench", "tokenizer", *flags, "--json"]).report
        except BenchError as error:
            return str(error).splitlines()[-1]
        pairs.append((ours, run([python, BENCHMARKS / "peers" / "encode.py", *flags]).report))
    return pairs


def row(name, pairs):
    if isinstance(pairs, str):
        return f"{name:12} refused: {pairs}"
    speed = "megabytes_per_second"
    ours, theirs = ([report[speed] for report in side] for side in zip(*pairs))
    ratios = [here / there for here, there in zip(ours, theirs)]
    tokens = {report["tokens"] for pair in pairs for report in pair}
    said = f"{tokens.pop():9}" if len(tokens) == 1 else f"DIFFERENT: {sorted(tokens)}"
    ratio = f"{statistics.median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f})"
    return f"{name:12} {statistics.median(ours):7.1f} MB/s {statistics.median(theirs):7.1f} MB/s {ratio:>22}  {said}  {pairs[-1][1]['way']}"


if __name__ == "__main__":
    main()
