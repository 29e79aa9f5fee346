"""Makes the tokenizer that the tests carry, and what Hugging Face `transformers` does with it.

tiny/           a byte-level BPE of 600 tokens with special tokens, as `transformers` loads it
expected.json   texts with their ids and decodings, and ids at random with their decodings
variants.json   changes to tiny/ (other stages, flags and configurations) with ids of texts and decodings
words.json      the words into which pre-tokenizers cut texts, and rows of all code points, a checksum a row
normalized.json texts in the four normalization forms, a checksum a row

usage: python make_fixture.py     (needs `pip install transformers tokenizers`; made with 5.23.0 and 0.23.3)
"""
import copy
import json
import logging
import random
import tempfile
import unicodedata
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import AutoTokenizer

logging.disable(logging.WARNING)
HERE = Path(__file__).resolve().parent
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
CORPUS = """The quick brown fox jumps over the lazy dog. Don't panic: we're here, they've gone, I'll stay, she'd know.
A tokenizer cuts a text into words and merges the bytes of each word, the most frequent pair first.
Low-rank adapters train a small part of a model: 16 rows and 16 columns where there were 512 of each.
What is your name? I am a small assistant. Who made you? People who like small models made me.
你好，世界！你是谁？我是一个小小的语言模型，由喜欢小模型的人们训练。今天的天气很好，我们去公园散步吧。
请用中文回答下面的问题：一加一等于几？一加一等于二。谢谢你的帮助，再见。
数字 0 1 2 3 4 5 6 7 8 9 10 12 128 256 512 1024 2024 3.14159 以及 １２３。
def f(x):
    return x ** 2 + 1  # a comment
Émigré, naïve, café, Straße, señor, façade; привет мир; नमस्ते; 안녕하세요; こんにちは; ½ ² Ⅷ; 😀🎉
"""
TEXTS = [
    "", " ", "  ", "\n", "Hello, world!", "你好，世界！", "I'll go; they're here, we've won, don't. I'D 'S 'LL \u017f'\u017f",
    "  two  spaces\tand\ttabs\n\nnewlines \n ", "数字１２３ 和 123,456.78 以及 ½ ² Ⅷ", "émigré naïve café — “quotes” …",
    "👩‍👩‍👧‍👦 emoji 🇨🇳 flags 🤖", "한국어 и русский العربية हिन्दी", "<|im_start|>user\nhi<|im_end|>\n", "a\u0301 combining \u200b zero-width \ufeff bom",
    "def f(x):\n    return x**2  # comment\n", "\r\nwindows\r\n", "\x00\x01 control \x7f", "混合English和中文mixed，标点。！？",
    "<|im_end|><|im_end|><|endoftext|>", "<|im_start", "<<|im_end|>>", "x" * 300, "的" * 100, " " * 50, " \u3000\u2003 x", "a \n b", "\u0085\u2028\u2029\u00a0",
    "\U00011de0\U00016ff4 digits that the tables disagree on", "1\U00011de02", "e\u0301é Å\u212b", "가\u1100\u1161\u11a8",
]


def random_texts(seed, count):
    rnd = random.Random(seed)
    pools = ["abc def'll's 've ", "一二三四，。你我他", "0123456789.,-", " \t\n\r", "éßøñ", "😀🎉👍🏽", "ก็ทำ", "\u2028\u00a0\u3000", "'S'T'RE\u017f", "²½Ⅷ１२", "e\u0301a\u0308\u212b\u1100\u1161", "Xx_ab", "\u2603"]
    tokens = SPECIAL + ["[X]", "[Y]", "[Z]", "a_b", "a_b__", "xx", "  ", "\u2603"]

    def piece():
        kind = rnd.random()
        if kind < 0.5:
            return rnd.choice(rnd.choice(pools))
        if kind < 0.6:
            return rnd.choice(tokens)
        if kind < 0.75:
            return rnd.choice(CORPUS.split(" "))
        if kind < 0.9:
            return chr(rnd.randrange(0x3400))
        return chr(rnd.choice([c for c in (rnd.randrange(0x110000), 0x4E00) if not 0xD800 <= c <= 0xDFFF]))

    return ["".join(piece() for _ in range(rnd.randint(1, 40))) for _ in range(count)]


def random_ids(seed, count, limit):
    """Ids at random, a few beyond the vocabulary, and runs of single bytes, which are seldom UTF-8."""
    rnd = random.Random(seed)
    return [[rnd.randrange(limit if i % 2 else 270) for _ in range(rnd.randint(0, 25))] for i in range(count)]


def write(name, value):
    path = HERE / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
    print(path, path.stat().st_size)


def checksum(ids):
    """FNV-1a, 32 bits, over ids."""
    value = 0x811C9DC5
    for i in ids:
        value = (value ^ i) * 0x01000193 & 0xFFFFFFFF
    return value


def loaded(tokenizer_json, files):
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "tokenizer.json").write_text(json.dumps(tokenizer_json), encoding="utf-8")
        for name, content in files.items():
            Path(folder, name).write_bytes(content.encode())
        return AutoTokenizer.from_pretrained(folder)


def described(tokenizer):
    template = tokenizer.chat_template
    return {
        "bos": tokenizer.bos_token, "eos": tokenizer.eos_token, "pad": tokenizer.pad_token, "unk": tokenizer.unk_token,
        "bosID": tokenizer.bos_token_id, "eosID": tokenizer.eos_token_id, "padID": tokenizer.pad_token_id,
        "vocabularySize": max(tokenizer.get_vocab().values()) + 1,
        "chatTemplate": template["default"] if isinstance(template, dict) else template,
    }


def encoded(tokenizer, texts):
    return [{"text": text, "ids": tokenizer(text, add_special_tokens=False).input_ids} for text in texts]


def decoded(tokenizer, rows):
    return [{"ids": ids, "text": tokenizer.decode(ids), "skipping": tokenizer.decode(ids, skip_special_tokens=True)} for ids in rows]


# The tokenizer.
trained = Tokenizer(models.BPE())
trained.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
trained.decoder = decoders.ByteLevel()
trained.train_from_iterator(CORPUS.split("\n"), trainers.BpeTrainer(
    vocab_size=600, min_frequency=1, special_tokens=SPECIAL, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
BASE = json.loads(trained.to_str())
CONFIG = {
    "tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<|im_start|>", "eos_token": "<|im_end|>", "pad_token": "<|endoftext|>",
    "unk_token": "<|endoftext|>", "clean_up_tokenization_spaces": True,
    "chat_template": "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}",
}
write("tiny/tokenizer.json", BASE)
write("tiny/tokenizer_config.json", CONFIG)
tiny = loaded(BASE, {"tokenizer_config.json": json.dumps(CONFIG)})
write("expected.json", {
    **described(tiny), "texts": encoded(tiny, TEXTS + random_texts(1, 200)), "decodings": decoded(tiny, random_ids(2, 150, 640))})


# Its variants: what to put in place of the fields of tokenizer.json and of its model, and the other files.
QWEN = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
LLAMA = QWEN.replace(r"|\p{N}|", r"|\p{N}{1,3}|")
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
variants = []


def byte_level(prefix=False, regex=False):
    return {"type": "ByteLevel", "add_prefix_space": prefix, "trim_offsets": True, "use_regex": regex}


def split(pattern, behavior="Isolated", invert=False):
    return {"type": "Split", "pattern": {"Regex": pattern}, "behavior": behavior, "invert": invert}


def chain(*stages):
    return {"type": "Sequence", "pretokenizers": list(stages)}


def digits(individual):
    return {"type": "Digits", "individual_digits": individual}


def added(first_id, tokens):
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": False}
    return BASE["added_tokens"] + [{"id": first_id + i, "content": content, **flags, **own} for i, (content, own) in enumerate(tokens)]


def variant(name, fields=None, model=None, files=None, count=30):
    full = copy.deepcopy(BASE)
    full.update(fields or {})
    full["model"].update(model or {})
    files = {"tokenizer_config.json": json.dumps(CONFIG), **(files or {})}
    files = {file: content for file, content in files.items() if content is not None}
    tokenizer = loaded(full, files)
    variants.append({
        "name": name, "fields": fields or {}, "model": model or {}, "files": files, **described(tokenizer),
        "texts": encoded(tokenizer, TEXTS[:count] + random_texts(len(variants) + 10, count)),
        "decodings": decoded(tokenizer, random_ids(len(variants) + 10, 10, 640))})


TOKENS = added(600, [
    ("[X]", {"lstrip": True}), ("[Y]", {"rstrip": True}), ("[Z]", {"single_word": True}), ("[X] [Y]", {}),
    ("\u2603", {"single_word": True, "lstrip": True, "rstrip": True}), ("a_b", {"normalized": True}), ("e\u0301", {"normalized": True}),
    ("a_b__", {"normalized": True, "lstrip": True}), ("Åb", {"normalized": True, "rstrip": True}), ("xx", {"single_word": True}),
    ("的", {"special": True}), ("Def", {"normalized": True, "special": True}), ("  ", {})])
FORMS = {"type": "Sequence", "normalizers": [{"type": "NFKC"}, {"type": "Lowercase"}]}
REPLACE = {"type": "Sequence", "normalizers": [
    {"type": "Prepend", "prepend": "_"}, {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
    {"type": "Replace", "pattern": {"String": "aa"}, "content": ""}]}
vocab, merges = BASE["model"]["vocab"], BASE["model"]["merges"]
MISSING = set("eĠäĿ1")
few = {token: i for token, i in vocab.items() if token in SPECIAL or not MISSING & set(token)}
few_merges = [pair for pair in merges if not MISSING & set("".join(pair))]
words = {**vocab, **{word: 600 + i for i, word in enumerate(["Ġzzz", "xxxxxxxxx", "ĠĠĠ", "12", "'S", "<|im_start", "éÃŁ"])}}
ties = {**vocab, **{word: 600 + i for i, word in enumerate(["xyz", "xy", "yz", "zxy", "zx", "xx", "xxx", "xxxx", "xyzxyz"])}}
tie_merges = [["xy", "z"], ["y", "z"], ["x", "yz"], ["x", "y"], ["z", "xy"], ["z", "x"], ["zx", "y"], ["xyz", "xyz"], ["x", "x"],
              ["xx", "x"], ["x", "xx"], ["xx", "xx"], ["x", "y"]]

variant("no configuration", files={"tokenizer_config.json": None})
variant("qwen", {"normalizer": {"type": "NFC"}, "pre_tokenizer": chain(split(QWEN), byte_level())})
variant("llama 3, ignore_merges", {"pre_tokenizer": chain(split(LLAMA), byte_level())}, {"vocab": words, "ignore_merges": True})
variant("removed, inverted", {"pre_tokenizer": chain(split(GPT2, "Removed", True), byte_level())}, count=10)
variant("smollm2", {"pre_tokenizer": chain(digits(True), byte_level(regex=True))})
variant("runs of digits", {"pre_tokenizer": chain(digits(False), byte_level(True, True))})
variant("prefix space", {"pre_tokenizer": byte_level(True, True)})
variant("no regex", {"pre_tokenizer": byte_level(True, False)})
variant("added tokens", {"added_tokens": TOKENS})
variant("added tokens, NFC", {"added_tokens": TOKENS, "normalizer": {"type": "NFC"}})
variant("added tokens, NFKC and lowercase", {"added_tokens": TOKENS, "normalizer": FORMS})
variant("split special tokens", {"added_tokens": TOKENS}, files={"tokenizer_config.json": json.dumps({**CONFIG, "split_special_tokens": True})})
variant("wrong ids of added tokens", {"added_tokens": [{**token, "id": token["id"] + 77} for token in TOKENS]}, count=10)
variant("NFD", {"normalizer": {"type": "NFD"}}, count=10)
variant("NFKD", {"normalizer": {"type": "NFKD"}}, count=10)
variant("prepend and replace", {"normalizer": REPLACE}, count=10)
variant("missing bytes", model={"vocab": few, "merges": few_merges})
variant("missing bytes, unknown token", model={"vocab": few, "merges": few_merges, "unk_token": "<|endoftext|>"})
variant("missing bytes, fused unknown token", model={"vocab": few, "merges": few_merges, "unk_token": "<|endoftext|>", "fuse_unk": True})
variant("old spelling of merges", model={"merges": ["#version: 0.2"] + [" ".join(pair) for pair in merges]})
variant("two ways to a token", model={"vocab": ties, "merges": tie_merges + merges}, files={}, count=15)
variants[-1]["texts"] += encoded(loaded({**BASE, "model": {**BASE["model"], "vocab": ties, "merges": tie_merges + merges}}, {}),
                                 ["".join(random.Random(i).choices("xyz", k=30)) for i in range(60)])
variant("special tokens as objects", files={"tokenizer_config.json": json.dumps({
    "tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<|im_start|>", "pad_token": "[PAD]", "image_token": "<img>",
    "eos_token": {"__type": "AddedToken", "content": "<|im_end|>", "lstrip": False, "normalized": False, "rstrip": False, "single_word": False},
    "mask_token": {"__type": "AddedToken", "content": "[X]", "lstrip": True, "normalized": False, "rstrip": False, "single_word": False},
    "additional_special_tokens": ["[Z]", "<|im_end|>"], "added_tokens_decoder": {
        "5": {"content": "[Y]", "lstrip": False, "normalized": False, "rstrip": True, "single_word": False, "special": False},
        "2": {"content": "<|im_end|>", "lstrip": True, "normalized": False, "rstrip": False, "single_word": False, "special": False}},
    "chat_template": [{"name": "tool_use", "template": "tools"}, {"name": "default", "template": "list\r\n"}]})}, count=15)
variant("special_tokens_map.json, chat_template.jinja", files={
    "tokenizer_config.json": json.dumps({"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<|endoftext|>", "chat_template": "configuration"}),
    "special_tokens_map.json": json.dumps({
        "bos_token": "<|im_start|>", "pad_token": "[PAD]", "additional_special_tokens": ["[Z]"],
        "eos_token": {"content": "<|im_end|>", "lstrip": False, "normalized": False, "rstrip": True, "single_word": False}}),
    "chat_template.jinja": "file 你好\r\n{{ bos_token }}\r\n"}, count=15)
write("variants.json", variants)


# Every code point among others of each class: 256 a row. Of rows of one general category, such as the CJK
# ideographs, the first and the last of each run stand for all.
def unicode_rows():
    uniform = None
    held = None
    for first in range(0, 0x110000, 256):
        codes = [c for c in range(first, first + 256) if not 0xD800 <= c <= 0xDFFF]
        categories = {unicodedata.category(chr(c)) for c in codes}
        row = first, "".join(f"a{chr(c)}1{chr(c)}!{chr(c)} " for c in codes)
        # Python's table may be older than the library's, so what it takes for unassigned is not left out.
        if len(categories) <= 1 and categories == uniform and (categories != {"Cn"} or first > 0x33500):
            held = row
            continue
        if held:
            yield held
        uniform = categories if len(categories) == 1 else None
        held = None
        yield row
    if held:
        yield held


def word_lengths(tokenizer, text):
    """In bytes: a word in the byte-level alphabet has a character a byte."""
    return [len(word) for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(text)]


rows = []
for stages in ([byte_level(regex=True)], [split(QWEN), byte_level()], [split(LLAMA), byte_level()], [digits(True), byte_level()], [digits(False), byte_level()]):
    tokenizer = Tokenizer.from_str(json.dumps({**BASE, "pre_tokenizer": chain(*stages)}))
    texts = TEXTS + ["'\u017fa 'Sa 'sa'REa'lLa 'l 'r"] + random_texts(99, 60)
    rows.append({"pre_tokenizer": chain(*stages), "texts": [{"text": text, "lengths": word_lengths(tokenizer, text)} for text in texts],
                 "checksums": [[first, checksum(word_lengths(tokenizer, text))] for first, text in unicode_rows()]})
write("words.json", rows)

rows = []
for form in ("NFC", "NFD", "NFKC", "NFKD"):
    normalizer = getattr(normalizers, form)()
    rows.append({"form": form, "checksums": [
        [first, checksum(ord(c) for c in normalizer.normalize_str(
            "".join(f"a{chr(c)}\u0334{chr(c)}\u0301x" for c in range(first, first + 256) if not 0xD800 <= c <= 0xDFFF)))]
        for first in [*range(0, 0x1200, 256), *range(0x1C00, 0x3400, 256), *range(0xA600, 0xAD00, 256), *range(0xF900, 0x11A00, 256),
                      *range(0x1D100, 0x1D800, 256), *range(0x1E000, 0x1F300, 256), 0x2F800, 0x2FA00]]})
write("normalized.json", rows)
