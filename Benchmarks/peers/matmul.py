"""The fastest square matrix product of PyTorch, in float32 and bfloat16. Prints one line of JSON."""
import argparse
import json
import os
import time

import torch

SIZE = 2048
ROUNDS = 10


def peak(dtype):
    """Billions of floating-point operations a second in the best of some rounds."""
    left, right = (torch.randn(SIZE, SIZE).to(dtype) for _ in range(2))
    best = float("inf")
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        torch.mm(left, right)
        best = min(best, time.perf_counter() - begun)
    return 2 * SIZE**3 / best / 1e9


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    torch.set_num_threads(parser.parse_args().threads)
    print(json.dumps({"float32": peak(torch.float32), "bfloat16": peak(torch.bfloat16)}))


if __name__ == "__main__":
    main()
