"""Applies the two published loss-mask rules, as they are published, to random ids, for the tests of LossMaskRule.

    python make_masks.py > masks.json
"""
import json, random, sys

def v2(ids, header, end, length):
    mask, i = [0] * len(ids), 0
    while i < len(ids):
        if ids[i:i + len(header)] == header:
            start = i + len(header)
            close = start
            while close < len(ids):
                if ids[close:close + len(end)] == end: break
                close += 1
            for j in range(start + 1, min(close + len(end) + 1, length)): mask[j] = 1
            i = close + len(end) if close < len(ids) else len(ids)
        else: i += 1
    return mask

def v3(ids, header, end, length):
    mask, i = [0] * len(ids), 0
    while i < len(ids):
        if ids[i:i + len(header)] == header:
            start = i + len(header)
            close = start
            while close < len(ids):
                if ids[close:close + len(end)] == end: break
                close += 1
            for j in range(start, min(close + len(end), length)): mask[j] = 1
            i = close + len(end) if close < len(ids) else len(ids)
        else: i += 1
    return mask

random.seed(7)
cases = []
for n in range(400):
    rule = ("v2", "v3")[n % 2]
    header = [1, 3, 4][:random.randint(1, 3)]
    end = [2] if rule == "v2" else [2, 5][:random.randint(1, 2)]
    pad = random.choice([0, 0, 0, 2, 5, 1])
    ids = []
    while len(ids) < random.randint(0, 26):
        r = random.random()
        ids += header if r < .2 else end if r < .4 else [random.randint(1, 6)]
    length = random.randint(2, 30)
    padded = (ids[:length] + [pad] * length)[:length]
    mask = (v2 if rule == "v2" else v3)(padded, header, end, length)
    cases.append({"rule": rule, "header": header, "end": end, "pad": pad, "ids": ids, "length": length, "padded": padded, "mask": [j for j in range(1, length) if mask[j]]})
json.dump(cases, sys.stdout, separators=(",", ":"))
