"""Conversations as rows of tokens with the published loss mask, in batches."""
import json

import torch
from transformers import AutoTokenizer


def read(data_path, tokenizer_path, longest):
    """A list of (ids, mask): mask is 1 where the token counts as a target."""
    tokenizer = AutoTokenizer.from_pretrained(tokenizer_path)
    with open(data_path, encoding="utf-8") as file:
        turns = [json.loads(line)["conversations"] for line in file if line.strip()]
    header = tokenizer(tokenizer.bos_token + "assistant", add_special_tokens=False).input_ids
    rows = []
    for conversation in turns:
        text = tokenizer.apply_chat_template(conversation, tokenize=False)
        ids = tokenizer(text).input_ids[:longest]
        rows.append((ids, answer_mask(ids, header, tokenizer.eos_token_id)))
    return rows


def answer_mask(ids, header, end):
    """Counts an answer from behind the line break after its header up to the line break after its end."""
    mask = [0] * len(ids)
    position = 0
    while position < len(ids):
        if ids[position:position + len(header)] != header:
            position += 1
            continue
        first = position + len(header)
        close = ids.index(end, first) if end in ids[first:] else len(ids)
        for counted in range(first + 1, min(close + 2, len(ids))):
            mask[counted] = 1
        position = close + 1
    return mask


def batches(rows, size, padded_to=None):
    """Batches without end, in the file's order, as (ids, mask); rows are filled to the longest or to `padded_to`."""
    start = 0
    while True:
        chosen = rows[start:start + size]
        start = start + size if start + size < len(rows) else 0
        length = padded_to or max(len(ids) for ids, _ in chosen)
        yield filled([ids for ids, _ in chosen], length), filled([mask for _, mask in chosen], length)


def filled(rows, length):
    return torch.tensor([row + [0] * (length - len(row)) for row in rows])
