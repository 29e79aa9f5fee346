"""Singular values and effective ranks of products scale B A by NumPy, in float64.
usage: make_spectra.py OUT.json"""
import json, sys
import numpy as np

random = np.random.default_rng(7)


def factor(*shape):
    # Few digits keep the file small; float32 reads them as the same numbers.
    return np.round(random.standard_normal(shape), 3).astype(np.float32)


def case(name, b, a, scale=1.0):
    product = scale * (b.astype(np.float64) @ a.astype(np.float64))
    count = min(b.shape[1], *product.shape)
    values = np.linalg.svd(product, compute_uv=False)[:count]
    # What is zero but for rounding has no part in the entropy.
    shares = values[values > 1e-12 * max(values.max(), 1e-300)]
    shares = shares / shares.sum() if len(shares) and values.max() > 0 else shares[:0]
    return {
        "name": name, "shape": list(product.shape), "rank": b.shape[1], "scale": scale,
        "b": [float(f"{x:.3f}") for x in b.ravel()], "a": [float(f"{x:.3f}") for x in a.ravel()],
        "values": values.tolist(), "effective_rank": float(np.exp(-(shares * np.log(shares)).sum())) if len(shares) else 0.0,
    }


one = factor(12, 4)
graded = np.round(factor(20, 5) * np.array([1000, 100, 1, 0.1, 0.01]), 3).astype(np.float32)
cases = [
    case("random", factor(24, 5), factor(5, 17)),
    case("scaled", factor(9, 4), factor(4, 30), scale=2.5),
    case("negative scale", factor(6, 2), factor(2, 6), scale=-0.75),
    case("rank 1", factor(11, 1), factor(1, 8)),
    case("one row", factor(1, 3), factor(3, 7)),
    case("one column", factor(8, 3), factor(3, 1)),
    case("dependent columns", np.concatenate([one, one[:, :2]], axis=1), factor(6, 15)),
    case("rank above the width", factor(10, 14), factor(14, 6)),
    case("rank above both widths", factor(5, 12), factor(12, 7)),
    case("far apart", graded, factor(5, 16)),
    case("zero B", np.zeros((7, 3), np.float32), factor(3, 9)),
]
with open(sys.argv[1], "w") as file:
    file.write("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]\n")
