"""What every training peer does alike: the precision of its products, and a step of its optimizer."""
import contextlib

import torch


def precision(dtype):
    return torch.autocast("cpu", dtype=torch.bfloat16) if dtype == "bfloat16" else contextlib.nullcontext()


def optimize(loss, trained, optimizer):
    """Backward, clipped to the norm 1, one step; returns the loss as a number."""
    loss.backward()
    torch.nn.utils.clip_grad_norm_(trained, 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return loss.item()
