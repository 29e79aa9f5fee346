"""Makes small tokenizers of every kind of model, and what `tokenizers` does with them.

texts.json   texts; a pair of a text and a number stands for so many repetitions
bases.json   a trained `tokenizer.json` of each kind
kinds.json   changes to them, with checksums of the ids and of the offsets, in bytes, of every five texts, and some of both
             in full; null where the library refuses the text
scores.json  numbers, and what the library reads in their place

usage: python make_models.py     (needs `pip install tokenizers`; made with 0.23.3)
"""
import json
import random
import struct
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

HERE = Path(__file__).resolve().parent
CORPUS = """The quick brown fox jumps over the lazy dog. Don't panic: we're here, they've gone, I'll stay, she'd know.
A tokenizer cuts a text into words and pieces, the most probable way first, and looks each of them up.
What is your name? I am a small assistant. Who made you? People who like small models made me.
unbelievable unthinkable thinking thinker thinks believed believing believer playing player played plays
你好，世界！你是谁？我是一个小小的语言模型，由喜欢小模型的人们训练。今天的天气很好，我们去公园散步吧。
数字 0 1 2 3 4 5 6 7 8 9 10 12 128 256 512 1024 2024 3.14159 aa aaa aaaa aaaaa abab ababab
Émigré, naïve, café, Straße, señor, façade; привет мир नमस्ते दुनिया
"""
LINES = (CORPUS * 6).split("\n")
FIXED = [
    "", " ", "  ", "\n", "a", "é", "🙂", "\x00", "\x00\x01\x1f\x7f\x85", "The quick brown fox jumps over the lazy", "Hello, world!", "你好，世界！今天的天气很好。", "unbelievably rethinking players",
    "I'll go; they're here, we've won, don't.", "  two  spaces\tand\ttabs\n\nnewlines \n ", "e\u0301migre\u0301 caf\u00e9", "a\u0301\u0301\u0323",
    "👩‍👩‍👧‍👦 emoji 🇨🇳 flags 🤖🤖🤖", "한국어 и русский العربية हिन्दी नमस्ते", "zero\u200bwidth\ufeffbom\u00adsoft", "\u2028\u2029\u3000\u00a0",
    "\U0010ffff\U000f0000\ue000\ufffd\ufffe\uffff", "aaaaaaaaaaaaaaaaaaaaa", "aaaa aaa aaaaaaaaa", "abababababab", "bababa aab baa abba", "aéa éé ééé aééb",
    "<unk>", "a<unk>b", "<unk><unk>", "é<unk>é", "x<unk>", "[UNK]", "a[UNK]", "##", "##a", "a##b", "####", "▁", "▁▁", "a▁b", "</w>", "a</w>", "<0x41>", "é<0xC3>é",
    "<|endoftext|>", "a<|endoftext|>", "ĠaĀ", "Ãé", "think", "thinks", "thin", "thinkthink", "the", "The", "THE", "the.", "1024", "10241024", "Ωmega", "x" * 99, "x" * 100, "x" * 101,
    "é" * 99, "é" * 100, "é" * 101, "的" * 63, "的" * 64, "the" * 21, "the" * 22, "a" * 63, "a" * 64, "a" * 65, "ab" * 300, "🙂" * 17, "aé" * 40,
    ["a", 1200], ["ab", 700], ["the quick", 120], ["é", 600], ["你好世", 150], ["x🙂", 150], ["believ", 150],
]


def random_texts(count):
    generator = random.Random(11)
    known = list("aabbaabetheinking .,12▁#<>你好éßÉпр") + ["aa", "ab", "the", "un", "think", "##", "</w>", " ", " ", "\n"]
    planes = [(0, 0x80), (0x80, 0x800), (0x300, 0x370), (0x900, 0x980), (0x4E00, 0x9FFF), (0xAC00, 0xD7A3), (0xE000, 0x10000), (0x1F300, 0x1FAFF), (0x10000, 0x110000)]
    texts = []
    for _ in range(count):
        text = ""
        for _ in range(generator.randrange(1, 30)):
            if generator.random() < 0.75:
                text += generator.choice(known)
            else:
                code = generator.randrange(*generator.choice(planes))
                text += chr(code) if not 0xD800 <= code < 0xE000 else "\ud7ff"
        texts.append(text)
    return texts


TEXTS = FIXED + random_texts(150)


def checksum(numbers):
    """FNV-1a, 32 bits, over numbers."""
    result = 0x811C9DC5
    for number in numbers:
        result = (result ^ number) * 0x01000193 & 0xFFFFFFFF
    return result


def write(name, value):
    path = HERE / name
    path.write_text(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
    print(path, path.stat().st_size)


METASPACE = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "never", "split": True}
ONE_WORD = {**METASPACE, "split": False}
BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": True}
BYTES = {"pre_tokenizer": BYTE_LEVEL, "decoder": BYTE_LEVEL}


def trained(model, trainer, byte_level=False):
    tokenizer = Tokenizer(model)
    if byte_level:
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = decoders.ByteLevel()
    else:
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="never")
        tokenizer.decoder = decoders.Metaspace(prepend_scheme="never")
    tokenizer.train_from_iterator(LINES, trainer)
    root = json.loads(tokenizer.to_str())
    root["added_tokens"] = []
    if byte_level:
        root.update(BYTES)
    return root


ALPHABET = sorted(pre_tokenizers.ByteLevel.alphabet())
QUIET = {"show_progress": False}
BASES = {
    "unigram": trained(models.Unigram(), trainers.UnigramTrainer(vocab_size=260, unk_token="<unk>", special_tokens=["<unk>"], **QUIET)),
    "unigram of bytes": trained(models.Unigram(), trainers.UnigramTrainer(
        vocab_size=420, unk_token="<unk>", special_tokens=["<unk>"], initial_alphabet=ALPHABET, **QUIET), True),
    "wordpiece": trained(models.WordPiece(unk_token="[UNK]"), trainers.WordPieceTrainer(vocab_size=420, special_tokens=["[UNK]"], **QUIET)),
    "wordpiece of bytes": trained(models.WordPiece(unk_token="[UNK]"), trainers.WordPieceTrainer(
        vocab_size=420, special_tokens=["[UNK]"], **QUIET), True),
    "wordlevel": trained(models.WordLevel(unk_token="<unk>"), trainers.WordLevelTrainer(vocab_size=200, special_tokens=["<unk>"], **QUIET)),
    "bpe": trained(models.BPE(unk_token="<unk>"), trainers.BpeTrainer(vocab_size=400, special_tokens=["<unk>"], limit_alphabet=90, **QUIET)),
    "bpe, suffix": trained(models.BPE(unk_token="<unk>", end_of_word_suffix="</w>"), trainers.BpeTrainer(
        vocab_size=400, special_tokens=["<unk>"], end_of_word_suffix="</w>", limit_alphabet=90, **QUIET)),
    "bpe, prefix": trained(models.BPE(unk_token="<unk>", continuing_subword_prefix="##"), trainers.BpeTrainer(
        vocab_size=400, special_tokens=["<unk>"], continuing_subword_prefix="##", limit_alphabet=90, **QUIET)),
    "bpe, both": trained(models.BPE(unk_token="<unk>", continuing_subword_prefix="▁é", end_of_word_suffix="</w>"), trainers.BpeTrainer(
        vocab_size=460, special_tokens=["<unk>"], continuing_subword_prefix="▁é", end_of_word_suffix="</w>", limit_alphabet=90, **QUIET)),
    # As CLIP has it: each byte alone and at the end of a word.
    "bpe of bytes": trained(models.BPE(unk_token="<|endoftext|>", end_of_word_suffix="</w>"), trainers.BpeTrainer(
        vocab_size=760, special_tokens=["<|endoftext|>"], end_of_word_suffix="</w>", initial_alphabet=ALPHABET, **QUIET), True),
}
clip = BASES["bpe of bytes"]["model"]
for scalar in ALPHABET:
    clip["vocab"].setdefault(scalar + "</w>", len(clip["vocab"]))

FALLBACK = [f"<0x{byte:02X}>" for byte in range(256)]


def without(*tokens):
    return [token for token in FALLBACK if token not in tokens]


def scored(**pieces):
    return {"unk_id": 0, "vocab": [["<unk>", 0.0]] + [[piece, score] for piece, score in pieces.items()]}


# Here what the library reads in place of the numbers gives other ids than the numbers themselves.
generator = random.Random(8)
unit = -20 * generator.random()
rounded = [[piece, len(piece) * unit * (1 + generator.choice([0, 0, 2e-16, -2e-16]))] for piece in
           ["a", "aa", "aaa", "aaaa", "aaaaa", "b", "ab", "ba", "aab", "baa", "abab"]]
some = [piece for piece, _ in BASES["unigram of bytes"]["model"]["vocab"] if set(piece) & set("ÃéĠaç")]
letters = [token for token in BASES["bpe of bytes"]["model"]["vocab"] if "Ã" in token or "ð" in token]
# The base, fields in place of its own, fields of its model, tokens that its vocabulary lacks, with their merges, and tokens
# that it has more.
KINDS = {
    "unigram": ("unigram", {}, {}),
    "unigram, one word": ("unigram", {"pre_tokenizer": ONE_WORD}, {}),
    "unigram, not cut": ("unigram", {"pre_tokenizer": None}, {}),
    "unigram, without a type": ("unigram", {}, {"type": None}),
    "unigram, bytes": ("unigram", {"pre_tokenizer": ONE_WORD}, {"byte_fallback": True}, [], FALLBACK),
    "unigram, some bytes": ("unigram", {}, {"byte_fallback": True}, [], without("<0xC3>", "<0xF0>", "<0x00>")),
    "unigram, no unknown": ("unigram", {}, {"unk_id": None}),
    "unigram, other unknown": ("unigram", {}, {"unk_id": 7}),
    "unigram, equal": ("unigram", {"pre_tokenizer": ONE_WORD}, scored(a=-1.0, aa=-2.0, aaa=-3.0, b=-1.0, ab=-2.0, ba=-2.0, aab=-3.0, abab=-4.0)),
    "unigram, rounded": ("unigram", {"pre_tokenizer": ONE_WORD}, {"vocab": [["<unk>", 0.0]] + rounded}),
    "unigram, thirds": ("unigram", {"pre_tokenizer": ONE_WORD}, scored(a=-1 / 3, aa=-2 / 3, aaa=-1.0000000000000002, b=-0.1, ab=-1 / 3 - 0.1, bab=-1 / 3 - 0.2)),
    "unigram, repeated": ("unigram", {}, {
        "vocab": [["<unk>", 0], ["a", -1], ["aa", -9], ["a", -4.5], ["aa", -1], ["", -3], ["<unk>", -2], ["é", 1e-7], ["b", -1.5e2]]}),
    "unigram, positive": ("unigram", {"pre_tokenizer": ONE_WORD}, {
        "vocab": [["<unk>", 100], ["a", 100], ["b", 120.5], ["éé", 100], ["ééé", 110], ["🙂🙂", 100], ["é<unk>", 100], ["<", 100]]}),
    "unigram, far": ("unigram", {}, scored(a=-1e308, aa=-1.7e308, b=1e308, ab=-5e-324, é=2.2250738585072014e-308)),
    "unigram of bytes": ("unigram of bytes", {}, {}),
    "unigram of bytes, few": ("unigram of bytes", {}, {}, some),
    "unigram of bytes, fallback": ("unigram of bytes", {}, {"byte_fallback": True}, some, FALLBACK),
    "wordpiece": ("wordpiece", {}, {}),
    "wordpiece, without a type": ("wordpiece", {}, {"type": None}),
    "wordpiece, short words": ("wordpiece", {}, {"max_input_chars_per_word": 5}),
    "wordpiece, no words": ("wordpiece", {}, {"max_input_chars_per_word": 0}),
    "wordpiece, long words": ("wordpiece", {"pre_tokenizer": None}, {"max_input_chars_per_word": 1000000}),
    "wordpiece, no prefix": ("wordpiece", {"pre_tokenizer": ONE_WORD}, {"continuing_subword_prefix": "", "max_input_chars_per_word": 300}),
    "wordpiece, other prefix": ("wordpiece", {}, {"continuing_subword_prefix": "th"}),
    "wordpiece, no unknown": ("wordpiece", {}, {"unk_token": "nope"}),
    "wordpiece, prefixes": ("wordpiece", {"pre_tokenizer": ONE_WORD}, {"vocab": {"[UNK]": 0, "##": 1, "#": 2, "###": 3, "a": 4, "##a": 5, "aa": 6, "##aaa": 7, "##é": 8, "b": 8, "##b": 4}}),
    "wordpiece of bytes": ("wordpiece of bytes", {}, {}),
    "wordpiece of bytes, short words": ("wordpiece of bytes", {}, {"max_input_chars_per_word": 4}),
    "wordpiece of bytes, other prefix": ("wordpiece of bytes", {}, {
        "continuing_subword_prefix": "▁", "vocab": {token.replace("##", "▁"): id for token, id in BASES["wordpiece of bytes"]["model"]["vocab"].items()}}),
    "wordlevel": ("wordlevel", {}, {}),
    "wordlevel, without a type": ("wordlevel", {}, {"type": None}),
    "wordlevel, no unknown": ("wordlevel", {}, {"unk_token": "[UNK]"}),
    "wordlevel of bytes": ("wordlevel", BYTES, {"vocab": {"<unk>": 0, "a": 1, "Ġa": 2, "the": 3, "Ġthe": 4, "Ġ": 5, "Ã©": 6, "é": 7, "▁the": 8, "ä½łå¥½": 9, ".": 10, ",": 2}}),
    "bpe": ("bpe", {}, {}),
    "bpe, fused": ("bpe", {}, {"fuse_unk": True, "dropout": 0.0}),
    "bpe, not cut": ("bpe", {"pre_tokenizer": None}, {"merges": ["#version: 0.2"] + [" ".join(merge) for merge in BASES["bpe"]["model"]["merges"]]}),
    "bpe, without a type": ("bpe", {}, {"type": None}),
    "bpe, no unknown": ("bpe", {}, {"unk_token": None}),
    "bpe, missing unknown": ("bpe", {}, {"unk_token": "nope"}),
    "bpe, suffix": ("bpe, suffix", {}, {}),
    "bpe, suffix, fused": ("bpe, suffix", {}, {"fuse_unk": True}),
    "bpe, suffix, whole words": ("bpe, suffix", {}, {"ignore_merges": True}),
    "bpe, prefix": ("bpe, prefix", {}, {}),
    "bpe, prefix, one word": ("bpe, prefix", {"pre_tokenizer": ONE_WORD}, {"fuse_unk": True}),
    "bpe, both": ("bpe, both", {}, {}),
    "bpe, both, bytes": ("bpe, both", {"pre_tokenizer": ONE_WORD}, {"byte_fallback": True, "fuse_unk": True}, [], without("<0xF0>")),
    "bpe, bytes, merged": ("bpe", {}, {
        "byte_fallback": True, "merges": BASES["bpe"]["model"]["merges"] + [["<0xF0>", "<0x9F>"], ["<0x84>", "a"]]},
        [], FALLBACK + ["<0xF0><0x9F>", "<0x84>a"]),
    "bpe of bytes": ("bpe of bytes", {}, {}),
    "bpe of bytes, flag": ("bpe of bytes", {}, {"byte_fallback": True}),
    "bpe of bytes, fallback": ("bpe of bytes", {}, {"byte_fallback": True}, letters, FALLBACK),
    "bpe of bytes, some fallback": ("bpe of bytes", {}, {"byte_fallback": True, "fuse_unk": True}, letters, without("<0xB0>")),
    "bpe of bytes, no suffix": ("bpe of bytes", {}, {"end_of_word_suffix": "", "continuing_subword_prefix": "", "fuse_unk": True}),
    "bpe of bytes, missing": ("bpe of bytes", {}, {}, letters),
}


def described(base, fields, options, missing=(), added=()):
    root = json.loads(json.dumps(BASES[base]))
    root.update(fields)
    model = root["model"]
    model.update(options)
    vocab = model["vocab"]
    if isinstance(vocab, list):
        model["vocab"] = [entry for entry in vocab if entry[0] not in missing] + [[token, 0.0] for token in added]
    else:
        size = max(vocab.values()) + 1
        model["vocab"] = {token: id for token, id in vocab.items() if token not in missing}
        model["vocab"].update({token: size + index for index, token in enumerate(added)})
    if "merges" in model:
        model["merges"] = [merge for merge in model["merges"] if not {*merge, "".join(merge)} & {*missing}]
    if model["type"] is None:
        del model["type"]
    return Tokenizer.from_str(json.dumps(root))


def encoded(tokenizer, text):
    """The ids and the offsets in bytes; `None` where the library refuses the text."""
    try:
        encoding = tokenizer.encode(text, add_special_tokens=False)
    except Exception as error:
        assert "unk" in str(error).lower(), error
        return None
    starts = [0]
    for character in text:
        starts.append(starts[-1] + len(character.encode()))
    return encoding.ids, [starts[bound] if bound < len(starts) else -1 for range in encoding.offsets for bound in range]


kinds = {}
texts = [text if isinstance(text, str) else text[0] * text[1] for text in TEXTS]
for name, (base, fields, options, *changes) in KINDS.items():
    missing, added = (*changes, [], [])[:2]
    tokenizer = described(base, fields, options, missing, added)
    results = [encoded(tokenizer, text) for text in texts]

    def checksums(part):
        rows = [[len(result[part]), *result[part]] if result else [0xFFFFFFFF] for result in results]
        return [checksum(number & 0xFFFFFFFF for row in rows[index:index + 5] for number in row) for index in range(0, len(rows), 5)]

    kinds[name] = {
        "base": base, "fields": fields, "model": options, "missing": missing, "added": added, "ids": checksums(0), "offsets": checksums(1),
        "full": {str(index): results[index] and list(results[index]) for index in range(0, 60, 12)}}
    print(name, sum(result is None for result in results), "refused")
write("texts.json", TEXTS)
write("bases.json", BASES)
write("kinds.json", kinds)

generator = random.Random(5)
numbers = [0.0, -0.0, 1.0, -1e-7, 1e22, 1.7976931348623157e308, 5e-324, 2.2250738585072014e-308, -123456789012345680.0]
numbers += [-20 * generator.random() for _ in range(150)]
numbers += [struct.unpack("f", struct.pack("f", -20 * generator.random()))[0] for _ in range(150)]
numbers += [number for number in (struct.unpack("d", generator.randbytes(8))[0] for _ in range(300)) if abs(number) < 1e308]
root = json.loads(json.dumps(BASES["unigram"]))
root["model"]["vocab"] = [[f"{index}", number] for index, number in enumerate(numbers)]
read = json.loads(Tokenizer.from_str(json.dumps(root)).to_str())["model"]["vocab"]
bits = [[struct.unpack("Q", struct.pack("d", number))[0] for number in row] for row in zip(numbers, (score for _, score in read))]
write("scores.json", [[f"{number:016x}" for number in row] for row in bits])
