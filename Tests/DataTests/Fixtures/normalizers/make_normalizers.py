"""Records what the normalizers of the Hugging Face library make of texts.

normalizers.json    for each normalizer a checksum a text of what it becomes and where that comes from, some in full
scalars.json        for some normalizers a checksum a row of 256 code points
maps.json           two maps of characters for `Precompiled`: one by SentencePiece of rules of its own, and one by hand that
                    tells where graphemes end

usage: python make_normalizers.py     (made with tokenizers 0.23.3, sentencepiece 0.2.3)
"""
import base64
import json
import os
import random
import struct
import tempfile
import unicodedata
from pathlib import Path

import sentencepiece
from sentencepiece import sentencepiece_model_pb2
from tokenizers import Tokenizer

HERE = Path(__file__).resolve().parent
POOLS = [
    "abc ABC xyz", "  \t\n\r\x0b\x0c\x85\u00a0\u3000\u2003\u1680\u2028", "éÀßÅçñ", "e\u0301a\u0308o\u0334\u0323\u0302", "\u1100\u1161\u11a8가각힣",
    "漢字仮名一丁㐀豈\U00020000\U0002b820", "ΑΣΣ\u0130İıſẞǅ", "\u200b\u200d\u200c\ufeff\ufffd\u2581", "①½ﬁ㎨ﷺ﷽ǆ", ".,'`\"-", "👩‍👩‍👧🇨🇳🤖👍🏽", "हिन्दी क्षक्\u200dष",
    "ก็ทำ", "\u0600\u0301©\u200d©", "\x00\x01\x7f\x80\x8f\x9f", "\u0344\u0345\u0f73\u0f75\u0958", "\u09c7\u09be\u1b06\u1b35\U000110a5\U000110ba",
    "\u1734\u1cf2\u0488\u0903", "ﾊﾞﾊﾟ\uff76\uff9e", "\ue000\U000f0000\ufffe", "   ", "\u0915\u094d\u0915\u0300", "\r\n",
]
TEXTS = ["", " ", "  ", "a", " a ", "\u0301", "\u0301a", "\n\n", "\u3000a\u3000", "\u200d\u200da", "\u0130", "x" * 40, "\uff8a\uff9e\uff8a", "\u00ad\u00adab",
         "A\u0300", "\ufdfa", "\r\n", "你好 world", "🇨🇳🇨", "\u0600\u0600a", "©\u200d©\u0300", "\u0344\u0345"]


def random_texts(seed, count):
    rnd = random.Random(seed)
    texts = []
    for _ in range(count):
        text = ""
        for _ in range(rnd.randint(1, 16)):
            kind = rnd.random()
            code = rnd.randrange(0x3400 if kind < 0.9 else 0x110000)
            text += rnd.choice(rnd.choice(POOLS)) if kind < 0.8 or 0xD800 <= code <= 0xDFFF else chr(code)
        texts.append(text)
    return texts


TEXTS += random_texts(1, 300 - len(TEXTS))
ROWS = [*range(0, 0x3400, 256), 0x4D00, 0x4E00, 0x9F00, *range(0xA000, 0xAE00, 256), 0xD700, *range(0xF800, 0x12600, 256), *range(0x16100, 0x17100, 256),
        0x18700, 0x18A00, 0x18C00, 0x1AF00, 0x1B100, 0x1BC00, 0x1CF00, *range(0x1D000, 0x1FC00, 256), 0x20000, 0x2A600, 0x2A700, 0x2B700, 0x2B800,
        0x2B900, 0x2CE00, 0x2EB00, 0x2F800, 0x2FA00, 0x31300, 0xE0000, 0xE0100, 0xE0F00, 0xF0000, 0xFFF00, 0x100000, 0x10FF00]


def checksum(numbers):
    """FNV-1a, 32 bits."""
    value = 0x811C9DC5
    for i in numbers:
        value = (value ^ i) * 0x01000193 & 0xFFFFFFFF
    return value


def tokenizer(normalizer):
    """Every character of a text is an unknown token of its own, so its offsets are those of the normalizer."""
    return Tokenizer.from_str(json.dumps({
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": normalizer, "pre_tokenizer": None,
        "post_processor": None, "decoder": None,
        "model": {"type": "BPE", "unk_token": "<unk>", "fuse_unk": False, "byte_fallback": False, "vocab": {"<unk>": 0}, "merges": []}}))


def answer(library, text):
    normalized = library.normalizer.normalize_str(text)
    starts = [0]
    for character in text:
        starts.append(starts[-1] + len(character.encode()))
    offsets = [starts[i] for pair in library.encode(text).offsets for i in pair]
    assert len(offsets) == 2 * len(normalized)
    return normalized, offsets


def sentencepiece_map():
    rules = {}
    for code in [*range(0xA0, 0x100), *range(0x130, 0x180), *range(0xFB00, 0xFB07), *range(0xFF01, 0xFFA0), *range(0x2460, 0x2474), *range(0x3300, 0x3308), 0xFDFA, 0x212B]:
        rules[chr(code)] = unicodedata.normalize("NFKC", chr(code))
    for base in "AEao":
        for mark in "\u0300\u0301\u0303":
            rules[base + mark] = unicodedata.normalize("NFKC", base + mark)
    for code in range(0xFF76, 0xFF85):
        rules[chr(code) + "\uff9e"] = unicodedata.normalize("NFKC", chr(code) + "\uff9e")
    rules |= {"\t": " ", "\n": " ", "\r": " ", "\r\n": " ", "\u200b": " ", "\u00ad": "", "\u0001": "", "\u200d": "", "\u0334": "", "\u0915\u0300": "q", "क": "ख"}
    rules = {old: new for old, new in rules.items() if old != new}
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        Path("rules.tsv").write_text("".join(f"{' '.join(f'{ord(c):X}' for c in old)}\t{' '.join(f'{ord(c):X}' for c in new)}\n" for old, new in rules.items()))
        Path("text").write_text("\n".join(f"abcdefghij klm nop{i}" for i in range(300)))
        sentencepiece.SentencePieceTrainer.train(
            input="text", model_prefix="m", vocab_size=40, normalization_rule_tsv="rules.tsv", minloglevel=2)
        model = sentencepiece_model_pb2.ModelProto()
        model.ParseFromString(Path("m.model").read_bytes())
    return base64.b64encode(model.normalizer_spec.precompiled_charsmap).decode()


def grapheme_map():
    """A map of each single byte to Z. It makes one Z of a grapheme of less than six bytes, and of a longer one a Z for
    each of its scalars; so what comes out tells where graphemes end."""
    first, leaf = 256, 512
    units = [0] * (2 * leaf)
    units[0] = first << 10
    for byte in range(1, 256):
        units[first ^ byte] = byte | 1 << 8 | ((first ^ byte) ^ leaf) << 10
    units[leaf] = 1 << 31
    return base64.b64encode(struct.pack("<I", 4 * len(units)) + struct.pack(f"<{len(units)}I", *units) + b"Z\0").decode()


def bert(clean, chinese, accents, lower, **more):
    return {"type": "BertNormalizer", "clean_text": clean, "handle_chinese_chars": chinese, "strip_accents": accents, "lowercase": lower, **more}


def strip(left, right):
    return {"type": "Strip", "strip_left": left, "strip_right": right}


def replace(content, **pattern):
    return {"type": "Replace", "pattern": pattern, "content": content}


def sequence(*stages):
    return {"type": "Sequence", "normalizers": list(stages)}


def kind(name):
    return {"type": name}


maps = {"rules": sentencepiece_map(), "graphemes": grapheme_map()}
precompiled = {name: {"type": "Precompiled", "precompiled_charsmap": charsmap} for name, charsmap in maps.items()}
prepend = {"type": "Prepend", "prepend": "▁"}
mark = replace("▁", String=" ")
kinds = {
    "NFC": kind("NFC"), "NFD": kind("NFD"), "NFKC": kind("NFKC"), "NFKD": kind("NFKD"), "Lowercase": kind("Lowercase"), "Nmt": kind("Nmt"),
    "StripAccents": kind("StripAccents"), "ByteLevel": kind("ByteLevel"), "strip": strip(True, True), "strip left": strip(True, False),
    "strip right": strip(False, True), "strip nothing": strip(False, False), "Bert": bert(True, True, None, True), "Bert, cased": bert(True, True, None, False),
    "Bert, accents kept": bert(True, False, False, True), "Bert, accents stripped": bert(False, True, True, False),
    "old Bert": {"clean_text": True, "handle_chinese_chars": False, "lowercase": True}, "Prepend": {"prepend": "▁é"},
    "Replace": replace("▁", String=" "), "Replace two": replace("", String="a\u0301"), "pattern": replace("▁é", Regex=" {2,}"), "pattern of space": replace(" ", Regex=r"\s+"),
    "Precompiled": precompiled["rules"], "graphemes": precompiled["graphemes"],
    "Llama": sequence(prepend, mark), "XLNet": sequence(replace('"', String="``"), kind("NFKD"), kind("StripAccents"), kind("Lowercase")),
    "ALBERT": sequence(strip(False, True), kind("NFKD"), kind("StripAccents"), kind("Lowercase"), precompiled["rules"], replace(" ", Regex=" {2,}")),
    "nested": sequence(sequence(kind("Nmt"), sequence()), sequence(kind("NFKC"), strip(True, True)), prepend, kind("ByteLevel")),
    "all": sequence(bert(True, True, None, True), kind("NFKC"), kind("NFD"), prepend, mark, kind("StripAccents")),
}
tables = {"Lowercase", "StripAccents", "Bert", "Precompiled", "graphemes"}
result = {"texts": TEXTS, "kinds": {}}
rows = {}
for name, normalizer in kinds.items():
    library = tokenizer(normalizer)
    answers = [answer(library, text) for text in TEXTS]
    stored = json.loads(json.dumps(normalizer))
    for stage in [stored, *stored.get("normalizers", [])]:
        for key, charsmap in maps.items():
            if stage.get("precompiled_charsmap") == charsmap:
                stage["precompiled_charsmap"] = key
    entry = {"normalizer": stored, "checksums": [checksum([*map(ord, text), *offsets]) for text, offsets in answers],
             "full": {str(i): [answers[i][0], answers[i][1]] for i in range(20, 300, 90)}}
    if name in tables:
        rows[name] = [[first, checksum(map(ord, library.normalizer.normalize_str(
            "".join(f"{c}\u094d\u0915\u0300" for c in map(chr, range(first, first + 256)) if not "\ud800" <= c <= "\udfff"))))] for first in ROWS]
    result["kinds"][name] = entry
for name, content in (("normalizers", result), ("scalars", rows), ("maps", maps)):
    path = HERE / f"{name}.json"
    path.write_text(json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
    print(path, path.stat().st_size)
