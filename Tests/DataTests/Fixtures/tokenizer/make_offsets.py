"""Records which bytes of a text the tokens of the Hugging Face libraries stand for.

offsets.json    texts, and for each tokenizer a checksum of the offsets a text, with some of them in full: for tiny/, for
                its variants in variants.json and for the kinds in ../formats/kinds.json

Offsets are those of `return_offsets_mapping`, in bytes of UTF-8 where the library counts characters. The tokenizers have
no post-processor, which might trim white space off the offsets (`trim_offsets`).

usage: python make_offsets.py [folder of a published tokenizer]...     (made with transformers 5.24.0 and tokenizers 0.23.3)
"""
import copy
import json
import logging
import random
import sys
import tempfile
from pathlib import Path

from tokenizers import Tokenizer

logging.disable(logging.WARNING)
HERE = Path(__file__).resolve().parent
FORMATS = HERE.parent / "formats"
TEXTS = [
    "", " ", "  ", "\n", "a", " a", "a ", "Hello, world!", "你好，世界！你是谁？", "I'll go; they're here, don't. I'D 'S 'LL \u017f'\u017f",
    "  two  spaces\tand\ttabs\n\nnewlines \n ", "数字１２３ 和 123,456.78 以及 ½ ² Ⅷ ㎨ ﬁn ①", "émigré naïve café — “quotes” …", "e\u0301migre\u0301 nai\u0308ve cafe\u0301",
    "👩‍👩‍👧‍👦 emoji 🇨🇳 flags 🤖 👍🏽👍🏿", "한국어 и русский العربية हिन्दी नमस्ते ก็ทำ", "한국어", "\u1100\u1161\u11a8 가\u11a8 \u1112\u1161\u11ab",
    "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n <|im_end|>", "<|im_end|><|im_end|><|endoftext|>", "<|im_start", "<<|im_end|>>",
    "<s> a </s><s>b</s> c", " <s>", "<s> ", "a<s>  b", "<unk> <0x0A> <0x41>", "x [X] y [Y] z [Z] [X]  [Y]  [Z]a [Z] a_b a_b__  xx x\u2603 \u2603 e\u0301 Åb A\u030ab DEF 的",
    "a\u0301 combining \u200b zero-width \ufeff bom", "\u0301\u0323 lone marks", "a\u0301\u0323\u0334e\u0323\u0302\u0301o\u0334\u0301\u0323", "\u1ebf\u0323 \u1e69 s\u0307\u0323 \u0344 \u0f73\u0345 \u0345\u0f73 \u212b \u2126",
    "\u0130stanbul ΑΣ ẞ \u0149 \ufb03 \ufdfa", "def f(x):\n    return x**2  # comment\n", "\r\nwindows\r\n\r\n", "\r\r\n\n\r", "\x00\x01 control \x7f\x80\x9f",
    "混合English和中文mixed，标点。！？", "x" * 300, "的" * 100, "é" * 80, "e\u0301" * 80, " " * 50, "a" + " " * 33 + "b", " \u3000\u2003 x", "a \n b",
    "\u0085\u2028\u2029\u00a0", "▁ marks ▁▁ in text▁", "\u10ffff\ue000 private \ufffd\ufffe", "aa baab aaaa", "\U00011de0\U00016ff4 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𠀀𪛟", "xyz zz xyz",
]


def random_texts(seed, count):
    rnd = random.Random(seed)
    pools = ["abc def'll's 've ", "一二三四，。你我他", "0123456789.,-", " \t\n\r", "éßøñ", "😀🎉👍🏽", "ก็ทำ", "\u2028\u00a0\u3000", "²½Ⅷ１२", "e\u0301a\u0308\u212b\u1100\u1161", "\u0301\u0323\u0334\u0302\u200d", "Xx_ab", "▁"]
    tokens = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<s>", "</s>", "[X]", "[Y]", "[Z]", "a_b", "a_b__", "xx", "  ", "\u2603", "的", "Def", "Åb"]
    words = "the quick brown fox don't panic small model merges bytes".split(" ")

    def piece():
        kind = rnd.random()
        if kind < 0.5:
            return rnd.choice(rnd.choice(pools))
        if kind < 0.65:
            return rnd.choice(tokens)
        if kind < 0.75:
            return " " + rnd.choice(words)
        code = rnd.randrange(0x3400 if kind < 0.9 else 0x110000)
        return chr(code) if not 0xD800 <= code <= 0xDFFF else "一"

    return ["".join(piece() for _ in range(rnd.randint(1, 30))) for _ in range(count)]


TEXTS += random_texts(1, 90)


def checksum(numbers):
    """FNV-1a, 32 bits."""
    value = 0x811C9DC5
    for i in numbers:
        value = (value ^ i) * 0x01000193 & 0xFFFFFFFF
    return value


def in_bytes(text, offsets):
    starts = [0]
    for character in text:
        starts.append(starts[-1] + len(character.encode()))
    return [starts[i] for pair in offsets for i in pair]


def answers(encode):
    rows = []
    for text in TEXTS:
        ids, offsets = encode(text)
        rows.append((ids, in_bytes(text, offsets)))
    return {"ids": [checksum(ids) for ids, _ in rows], "offsets": [checksum(offsets) for _, offsets in rows],
            "full": {str(i): rows[i][1] for i in range(13, len(rows), 30)}}


def loaded(root, files):
    """A tokenizer in `transformers`, which sees to the configuration."""
    from transformers import AutoTokenizer
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "tokenizer.json").write_text(json.dumps({**root, "post_processor": None}), encoding="utf-8")
        for name, content in files.items():
            Path(folder, name).write_bytes(content.encode())
        tokenizer = AutoTokenizer.from_pretrained(folder)

    def encode(text):
        result = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
        return result.input_ids, result.offset_mapping
    return encode


def plain(root):
    """A tokenizer in `tokenizers`."""
    tokenizer = Tokenizer.from_str(json.dumps({**root, "post_processor": None}))

    def encode(text):
        result = tokenizer.encode(text, add_special_tokens=False)
        return result.ids, result.offsets
    return encode


def with_parts(base, fields, model, missing=()):
    root = copy.deepcopy(base)
    root.update(fields)
    root["model"].update(model)
    for token in missing:
        root["model"]["vocab"].pop(token)
    return root


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


tiny = read(HERE / "tiny/tokenizer.json")
result = {"texts": TEXTS, "variants": {}, "kinds": {}, "published": {}}
for variant in read(HERE / "variants.json"):
    result["variants"][variant["name"]] = answers(loaded(with_parts(tiny, variant["fields"], variant["model"]), variant["files"]))
for name, kind in read(FORMATS / "kinds.json").items():
    base = read(FORMATS / f"{kind['base']}.json")
    result["kinds"][name] = answers(plain(with_parts(base, kind["fields"], kind["model"], kind["missing"])))
for folder in map(Path, sys.argv[1:]):
    result["published"][folder.name] = answers(plain(read(folder / "tokenizer.json")))
path = HERE / "offsets.json"
path.write_text(json.dumps(result, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
print(path, path.stat().st_size)
