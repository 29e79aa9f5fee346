"""Makes decompositions.safetensors beside it: matrices in float32 and their decompositions in float64, rounded.

NAME                matrix
NAME.left, .right   B and A of the nearest matrix B A of a lower rank: U sqrt(S) and sqrt(S) V'
NAME.values         its singular values
NAME.q, .r          the first columns of Q and rows of R

Made with numpy 2 and safetensors 0.8; the file is committed, so that no test needs Python.
"""

import pathlib

import numpy as np
from safetensors.numpy import save_file

random = np.random.default_rng(3)
gaussian = random.standard_normal((130, 110))
cases = {
    # The singular values of such matrices lie close together.
    "tall": (gaussian, 8), "wide": (random.standard_normal((100, 140)), 5), "square": (random.standard_normal((24, 24)), 24),
    # Each singular value comes twice, and four of these are wanted.
    "pairs": (np.kron(np.eye(2), random.standard_normal((60, 45))), 4),
    # They fall over many powers of ten.
    "steep": (gaussian * 10.0 ** -np.linspace(0, 6, 110), 6),
}
tensors = {}
for name, (matrix, rank) in cases.items():
    tensors[name] = matrix.astype(np.float32)
    exact = tensors[name].astype(np.float64)
    u, s, vt = np.linalg.svd(exact, full_matrices=False)
    print(name, "distance to the next", (s[rank - 1] - s[rank]) / s[0] if rank < len(s) else None)
    q, r = np.linalg.qr(exact)
    parts = {"left": u[:, :rank] * np.sqrt(s[:rank]), "right": np.sqrt(s[:rank])[:, None] * vt[:rank], "values": s[:rank],
             "q": q[:, :rank], "r": r[:rank]}
    tensors |= {f"{name}.{part}": np.ascontiguousarray(value, np.float32) for part, value in parts.items()}
save_file(tensors, pathlib.Path(__file__).with_name("decompositions.safetensors"))
