"""Writes NormalizerClassTable.swift and LowercaseTable.swift: what the normalizers of the Hugging Face library know of
each code point, asked of the library itself, for each of them has a Unicode version of its own.

usage: python make_normalizer_tables.py     (made with tokenizers 0.23.3)
"""
import base64
import json
import struct
from collections import Counter
from pathlib import Path

import tokenizers
from tokenizers import Tokenizer, normalizers

OUT = Path(__file__).resolve().parents[4] / "Sources/Data/Tokenizer/Unicode"
LIMIT = 0x110000
CODES = [c for c in range(LIMIT) if not 0xD800 <= c <= 0xDFFF]
GRAPHEME = ["other", "carriageReturn", "lineFeed", "control", "extend", "conjunctExtend", "conjunctLinker", "joiner", "regionalIndicator",
            "prepend", "spacingMark", "leadingJamo", "vowelJamo", "trailingJamo", "pictographic", "conjunctConsonant"]
MARK, ACCENT, REMOVED = 1 << 5, 1 << 6, 1 << 7


def precompiled(charsmap):
    """`normalizers.Precompiled` wants a map that it can tell from text."""
    root = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "pre_tokenizer": None, "post_processor": None,
            "decoder": None, "model": {"type": "WordLevel", "vocab": {"a": 0}, "unk_token": "a"},
            "normalizer": {"type": "Precompiled", "precompiled_charsmap": base64.b64encode(charsmap).decode()}}
    return Tokenizer.from_str(json.dumps(root)).normalizer


def every_byte_to_z():
    """A map of each single byte to Z. It makes one Z of a grapheme of less than six bytes, and of a longer one a Z for
    each of its scalars; so the length of its output tells where graphemes end."""
    first, leaf = 256, 512
    units = [0] * (2 * leaf)
    units[0] = first << 10
    for byte in range(1, 256):
        units[first ^ byte] = byte | 1 << 8 | ((first ^ byte) ^ leaf) << 10
    units[leaf] = 1 << 31
    return struct.pack("<I", 4 * len(units)) + struct.pack(f"<{len(units)}I", *units) + b"Z\0"


def graphemes():
    z = precompiled(every_byte_to_z())

    def f(text):
        return len(z.normalize_str(text))

    classes = {}
    for code in CODES:
        c = chr(code)
        found = []
        if f("a" + c) == 1:
            linker = f("\u0915" + c + "\u0915\u0300") == 4
            conjunct = f("\u0915" + c + "\u094d\u0915\u0300") == 5
            if f("\u00a9" + c + "\u00a9\u0300") == 4:
                found = ["joiner"]
                assert conjunct and not linker and f("\u00a9" + c + "\u200d\u00a9\u0300") == (5 if EXTENDS_BY_JOINER else 4)
            elif f("\u00a9" + c + "\u200d\u00a9\u0300") == 5:
                found = ["conjunctLinker" if linker else "conjunctExtend" if conjunct else "extend"]
            else:
                found = ["spacingMark"]
                assert not linker and not conjunct, hex(code)
        else:
            if f(c + "\u0300\u0300") == 2:
                found.append("carriageReturn" if c == "\r" else "lineFeed" if c == "\n" else "control")
            if f(c + "a") == 1 and c != "\r":
                found.append("prepend")
            if f(c + "\u200d\u00a9\u0300") == 4:
                found.append("pictographic")
            if f(c + "\u094d\u0915\u0300") == 4:
                found.append("conjunctConsonant")
            after_l, after_v = f("\u0600\u1100" + c) == 3, f("\u0600\u1160" + c) == 3
            if "control" not in found and "prepend" not in found:
                if after_l and after_v:
                    found.append("vowelJamo")
                elif after_v:
                    found.append("trailingJamo")
                elif f(c + "\uac00\u0300") == 3 and code not in range(0xAC00, 0xD7A4):
                    assert after_l, hex(code)
                    found.append("leadingJamo")
            if 0x1F1E6 <= code <= 0x1F1FF:
                found.append("regionalIndicator")
        assert len(found) <= 1, (hex(code), found)
        # Syllables follow from their numbers.
        if 0xAC00 <= code < 0xD7A4:
            assert not found or found == ["leadingJamo"]
            continue
        if found:
            classes[code] = GRAPHEME.index(found[0])
    return classes


EXTENDS_BY_JOINER = None


def main():
    global EXTENDS_BY_JOINER
    z = precompiled(every_byte_to_z())
    EXTENDS_BY_JOINER = len(z.normalize_str("\u00a9\u200d\u200d\u00a9\u0300")) == 5
    print("two joiners join pictographs:", EXTENDS_BY_JOINER)
    classes = Counter(graphemes())
    print(Counter(GRAPHEME[v] for v in classes.values()))
    strip = normalizers.StripAccents()
    decompose = normalizers.NFD()
    accents = normalizers.BertNormalizer(clean_text=False, handle_chinese_chars=False, strip_accents=True, lowercase=False)
    clean = normalizers.BertNormalizer(clean_text=True, handle_chinese_chars=False, strip_accents=False, lowercase=False)
    for code in CODES:
        c = chr(code)
        flags = 0
        if strip.normalize_str("a" + c) == "a":
            flags |= MARK
        # What decomposes is never asked.
        if decompose.normalize_str(c) == c and accents.normalize_str("a" + c) == "a":
            flags |= ACCENT
        if clean.normalize_str("a" + c) == "a":
            flags |= REMOVED
        if flags:
            classes[code] |= flags
    runs, last = [], None
    for code in range(LIMIT):
        value = classes.get(code, 0)
        if value != last:
            runs.append(code << 8 | value)
            last = value
    lines = ["        " + " ".join(f"0x{run:X}," for run in runs[i:i + 10]) for i in range(0, len(runs), 10)]
    header = f"// Generated by Tests/DataTests/Fixtures/normalizers/make_normalizer_tables.py from tokenizers {tokenizers.__version__}; do not edit.\n\n"
    (OUT / "NormalizerClassTable.swift").write_text(header + f"""extension NormalizerClass {{
    /// Runs of code points of the same class, in ascending order: `first code point << 8 | raw value`, each valid up to
    /// the next.
    static let runs: [UInt32] = [
""" + "\n".join(lines) + "\n    ]\n}\n")
    print(len(runs), "runs")

    lower = normalizers.Lowercase()
    runs = []
    for code in CODES:
        text = lower.normalize_str(chr(code))
        if text == chr(code):
            continue
        if len(text) != 1:
            assert code == 0x130 and text == "i\u0307"
            continue
        distance = ord(text) - code
        if runs and runs[-1][3] == distance:
            first, last, step, _ = runs[-1]
            if last == first and code - last in (1, 2):
                runs[-1][1:3] = code, code - last
                continue
            if last != first and code - last == step:
                runs[-1][1] = code
                continue
        runs.append([code, code, 1, distance])
    lines = [f"        .init(first: 0x{a:X}, last: 0x{b:X}, step: {s}, distance: {d})," for a, b, s, d in runs]
    (OUT / "LowercaseTable.swift").write_text(header + """extension Lowercase {
    /// The scalars whose lowercase is one other scalar, in ascending order.
    static let runs: [Run] = [
""" + "\n".join(lines) + "\n    ]\n}\n")
    print(len(runs), "runs")


main()
