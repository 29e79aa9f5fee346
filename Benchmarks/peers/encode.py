"""Hugging Face's tokenizers on one thread, timed: line by line, in a batch, and in a batch without offsets, which our encoding
does not make either. Prints one line of JSON, of the fastest."""
import os

os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["RAYON_NUM_THREADS"] = "1"

import argparse
import json
import time

from tokenizers import Tokenizer


def count(encodings):
    return sum(len(encoding.ids) for encoding in encodings)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokenizer_path", required=True)
    parser.add_argument("--data_path", required=True)
    options = parser.parse_args()
    with open(options.data_path, encoding="utf-8") as file:
        lines = file.readlines()
    size = os.path.getsize(options.data_path)
    ways = {
        "line by line": lambda tokenizer: sum(len(tokenizer.encode(line, add_special_tokens=False).ids) for line in lines),
        "batch": lambda tokenizer: count(tokenizer.encode_batch(lines, add_special_tokens=False)),
        "batch without offsets": lambda tokenizer: count(tokenizer.encode_batch_fast(lines, add_special_tokens=False)),
    }
    rates = {}
    for name, encode in ways.items():
        # A new one each time, for it remembers words.
        tokenizer = Tokenizer.from_file(os.path.join(options.tokenizer_path, "tokenizer.json"))
        begun = time.perf_counter()
        tokens = encode(tokenizer)
        rates[name] = size / 1e6 / (time.perf_counter() - begun)
    way = max(rates, key=rates.get)
    print(json.dumps({"megabytes_per_second": rates[way], "way": way, "tokens": tokens, "ways": rates}))


if __name__ == "__main__":
    main()
