"""Hugging Face's tokenizers on one thread, line by line, timed. Prints one line of JSON."""
import os

os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["RAYON_NUM_THREADS"] = "1"

import argparse
import json
import time

from tokenizers import Tokenizer


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokenizer_path", required=True)
    parser.add_argument("--data_path", required=True)
    options = parser.parse_args()
    tokenizer = Tokenizer.from_file(os.path.join(options.tokenizer_path, "tokenizer.json"))
    with open(options.data_path, encoding="utf-8") as file:
        lines = file.readlines()
    size = os.path.getsize(options.data_path)
    begun = time.perf_counter()
    tokens = sum(len(tokenizer.encode(line).ids) for line in lines)
    seconds = time.perf_counter() - begun
    print(json.dumps({"megabytes_per_second": size / 1e6 / seconds, "tokens": tokens}))


if __name__ == "__main__":
    main()
