"""Makes small tokenizers of the published kinds, and what `tokenizers`, `transformers` and llama.cpp do with them.

texts.json   texts, and rows of ids at random
spm.json     a `tokenizer.json` like Llama 2's, with a small vocabulary of SentencePiece
bpe.json     a byte-level one
kinds.json   changes to the two that make them like Llama 3's, Qwen's and others', with checksums of the ids of each
             text and of the two decodings of each row, with special tokens and without, and some ids in full
bpe.gguf     a byte-level vocabulary as llama.cpp stores it
spm.gguf     one of SentencePiece, with scores and bytes
gguf.json    ids of the latter in llama.cpp; ../gguf has those of every name of a pre-tokenizer
smollm2.json ids in llama.cpp of SmolLM2's published GGUF file, if its path is given. `transformers` agrees once it
             is told to separate digits, as SmolLM2's own tokenizer.json does: it does not know the name `smollm`

usage: python make_formats.py [SmolLM2-135M-Instruct.gguf]
       (needs `pip install transformers tokenizers sentencepiece gguf xllamacpp`; made with 5.24.0, 0.23.3, 0.2.3,
       0.19.0 and 2026.10.11549)
"""
import ctypes
import io
import json
import logging
import os
import random
import sys
import tempfile
from pathlib import Path

import gguf
import sentencepiece
import xllamacpp
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import AutoTokenizer
from transformers.tokenization_utils_base import generate_merges

logging.disable(logging.WARNING)
HERE = Path(__file__).resolve().parent
CORPUS = """The quick brown fox jumps over the lazy dog. Don't panic: we're here, they've gone, I'll stay, she'd know.
A tokenizer cuts a text into words and merges the characters of each word, the most frequent pair first.
What is your name? I am a small assistant. Who made you? People who like small models made me.
你好，世界！你是谁？我是一个小小的语言模型，由喜欢小模型的人们训练。今天的天气很好，我们去公园散步吧。
请用中文回答下面的问题：一加一等于几？一加一等于二。谢谢你的帮助，再见。
数字 0 1 2 3 4 5 6 7 8 9 10 12 128 256 512 1024 2024 3.14159
def f(x):
    return x ** 2 + 1  # a comment
DON'T 12345 123 4567 2024 12 !!  \t(x)  = [y]; $a+b == $c नमस्ते दुनिया 7 8  9   3
Émigré, naïve, café, Straße, señor, façade; привет мир
""" * 3
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
FIXED = [
    "", " ", "  ", "\n", "Hello, world!", "你好，世界！今天的天气很好。", "I'll go; they're here, we've won, don't. I'D 'S 'LL",
    "  two  spaces\tand\ttabs\n\nnewlines \n ", "数字 123,456.78 and 1024 2024 00001", "émigré naïve café — “quotes” …", "e\u0301migre\u0301",
    "👩‍👩‍👧‍👦 emoji 🇨🇳 flags 🤖", "한국어 и русский العربية हिन्दी", "a\u0301 combining \u200b zero-width \ufeff bom", "नमस्ते दुनिया",
    "def f(x):\n    return x**2  # comment\n\n\nclass A:\n\tpass\n", "for (int i = 0; i < 10; ++i) { a[i] += 1; }\r\n", "\x00\x01 control \x7f",
    "x" * 300, "的" * 100, " " * 50, "a" + " " * 33 + "b", "\n" * 20 + "x", "$+<=>^~|`$$ a$b a=b", "www.example.com/?q=1&r=2", "▁ marks ▁▁ in text",
    "<|im_start|>user\nhi<|im_end|>\n", "<|im_start|>system\nYou are helpful.<|im_end|>\n<|im_start|>user\n1+1?<|im_end|>\n<|im_start|>assistant\n2<|im_end|>\n",
    "<|im_end|><|im_end|><|endoftext|>", "<|im_start", "<<|im_end|>>", "<s> a </s><s>b</s> c", " <s>", "<s> ", "<unk> <0x0A> <0x41>", "a<s>  b",
    "xyz zz xyz", " zz",
]


def random_texts(seed, count):
    rnd = random.Random(seed)
    pools = ["abc def'll's 've ", "一二三四，。你我他", "0123456789.,-", " \t\n\r", "éßøñ", "😀🎉👍🏽", "ก็ทำ", "नमस्", "'S'T'RE", "²½", "e\u0301", "Xx_ab", "$<=>|~"]
    tokens = SPECIAL + ["<s>", "</s>", "  ", "    "]
    words = CORPUS[: len(CORPUS) // 3].split(" ")

    def piece():
        kind = rnd.random()
        return rnd.choice(rnd.choice(pools)) if kind < 0.5 else rnd.choice(tokens) if kind < 0.6 else " " + rnd.choice(words)

    return ["".join(piece() for _ in range(rnd.randint(1, 25))) for _ in range(count)]


TEXTS = FIXED + random_texts(1, 210)
RND = random.Random(2)
ROWS = [[RND.randrange(760 if i % 2 else 262) for _ in range(RND.randint(0, 20))] for i in range(60)]


def checksum(numbers):
    """FNV-1a, 32 bits."""
    value = 0x811C9DC5
    for i in numbers:
        value = (value ^ i) * 0x01000193 & 0xFFFFFFFF
    return value


def write(name, value):
    path = HERE / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
    print(path, path.stat().st_size)


def answers(encode):
    """A checksum of the ids of each text, and every fiftieth in full."""
    ids = [encode(text) for text in TEXTS]
    return {"checksums": [checksum(row) for row in ids], "full": {str(i): ids[i] for i in range(0, len(ids), 50)}}


# Vocabularies.
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
QWEN2 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN35 = QWEN2.replace(r"\p{L}+|", r"[\p{L}\p{M}]+|").replace(r"[^\s\p{L}\p{N}]", r"[^\s\p{L}\p{M}\p{N}]")
LLAMA3 = QWEN2.replace(r"|\p{N}|", r"|\p{N}{1,3}|")


trained = Tokenizer(models.BPE())
trained.decoder = decoders.ByteLevel()
# Merges across all borders of words, by which every way to cut a text gives other ids.
trained.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
trained.train_from_iterator(["\n".join(CORPUS.split("\n")[i:i + 2]) for i in range(40)], trainers.BpeTrainer(
    vocab_size=700, max_token_length=8, min_frequency=2, special_tokens=SPECIAL, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
trained.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
BPE = json.loads(trained.to_str())


def byte_level(regex=False):
    return {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": regex}


def chain(*stages):
    return {"type": "Sequence", "pretokenizers": list(stages)}


def split(pattern, behavior="Isolated"):
    return {"type": "Split", "pattern": pattern, "behavior": behavior, "invert": False}


model = io.BytesIO()
sentencepiece.SentencePieceTrainer.train(
    sentence_iterator=iter(CORPUS.split("\n")), model_writer=model, model_type="bpe", vocab_size=600, byte_fallback=True,
    split_digits=True, normalization_rule_name="identity", remove_extra_whitespaces=False, character_coverage=0.98, minloglevel=2)
spm = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
PIECES = [spm.id_to_piece(i) for i in range(spm.vocab_size())]
SCORES = [spm.get_score(i) for i in range(spm.vocab_size())]
TYPES = [2 if spm.is_unknown(i) else 3 if spm.is_control(i) else 6 if spm.is_byte(i) else 1 for i in range(spm.vocab_size())]


tokenizer = Tokenizer(models.BPE(
    vocab={piece: i for i, piece in enumerate(PIECES)}, byte_fallback=True, fuse_unk=True, unk_token="<unk>",
    merges=generate_merges({piece: i for i, piece in enumerate(PIECES)}, dict(zip(PIECES, SCORES)))))
tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
TO_TEXT = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
tokenizer.decoder = decoders.Sequence(TO_TEXT + [decoders.Strip(" ", 1, 0)])
tokenizer.add_special_tokens(["<unk>", "<s>", "</s>"])
tokenizer.post_processor = processors.TemplateProcessing("<s> $A", "<s> $A <s> $B", [("<s>", 1)])
SPM = json.loads(tokenizer.to_str())


def metaspace(scheme, splits=False):
    return {"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": splits}


def leading(token, id):
    return json.loads(processors.TemplateProcessing(f"{token} $A", None, [(token, id)]).__getstate__())


# The base, fields in place of its own, those of its model, and tokens that its vocabulary lacks.
KINDS = {
    "llama2": ("spm", {}, {}, []),
    "llama2, first": ("spm", {"normalizer": None, "pre_tokenizer": metaspace("first")}, {}, []),
    "llama2, always": ("spm", {"normalizer": None, "pre_tokenizer": metaspace("always"), "decoder": metaspace("always")}, {}, []),
    "llama2, old": ("spm", {"normalizer": None, "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "add_prefix_space": True},
                            "decoder": {"type": "Metaspace", "replacement": "▁", "add_prefix_space": True}}, {}, []),
    "llama2, words": ("spm", {"normalizer": None, "pre_tokenizer": metaspace("always", True), "decoder": metaspace("never")}, {}, []),
    "llama2, bytes missing": ("spm", {}, {}, ["<0xE4>", "<0xF0>", "<0x00>"]),
    "llama2, bytes missing, not fused": ("spm", {}, {"fuse_unk": False}, ["<0xE4>", "<0xF0>"]),
    "llama2, no bytes": ("spm", {}, {"byte_fallback": False, "ignore_merges": True}, []),
    "llama2, no unknown": ("spm", {"post_processor": None}, {"unk_token": None}, ["<0xE4>"]),
    "gemma": ("spm", {"normalizer": {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
                      "pre_tokenizer": split({"String": " "}, "MergedWithPrevious"),
                      "decoder": json.loads(decoders.Sequence(TO_TEXT).__getstate__())}, {}, []),
    "llama3": ("bpe", {"pre_tokenizer": chain(split({"Regex": LLAMA3}), byte_level()), "post_processor": {
        "type": "Sequence", "processors": [{**byte_level(True)}, leading("<|im_start|>", 1)]}}, {"ignore_merges": True}, []),
    "qwen2": ("bpe", {"normalizer": {"type": "NFC"}, "pre_tokenizer": chain(split({"Regex": QWEN2}), byte_level())}, {}, []),
    "qwen35": ("bpe", {"normalizer": {"type": "NFC"}, "pre_tokenizer": chain(split({"Regex": QWEN35}), byte_level())}, {}, []),
    "smollm2": ("bpe", {"pre_tokenizer": chain({"type": "Digits", "individual_digits": True}, byte_level(True))}, {}, []),
    "untrained": ("bpe", {"pre_tokenizer": chain(
        split({"Regex": r"[\p{P}\$\+<=>\^~\|]+"}), split({"Regex": GPT2}), {"type": "Digits", "individual_digits": False},
        split({"Regex": "[0-9][0-9][0-9]"}), byte_level())}, {}, []),
    "literals": ("bpe", {"pre_tokenizer": chain(split({"String": "o"}), split({"String": " "}, "MergedWithPrevious"), byte_level(True))}, {}, []),
}
write("texts.json", {"texts": TEXTS, "rows": ROWS})
write("spm.json", SPM)
write("bpe.json", BPE)
kinds = {}
for name, (base, fields, options, missing) in KINDS.items():
    root = json.loads(json.dumps(SPM if base == "spm" else BPE))
    root.update(fields)
    root["model"].update(options)
    for token in missing:
        del root["model"]["vocab"][token]
    tokenizer = Tokenizer.from_str(json.dumps(root))
    kinds[name] = {
        "base": base, "fields": fields, "model": options, "missing": missing,
        **answers(lambda text: tokenizer.encode(text, add_special_tokens=False).ids),
        "decodings": [checksum(b"".join(tokenizer.decode(row, skip_special_tokens=skip).encode() for skip in (False, True))) for row in ROWS],
        "first": tokenizer.encode("x").tokens[0] if root["post_processor"] else None}
write("kinds.json", kinds)


# GGUF files, and llama.cpp through the shared library in its package.
class Parameters(ctypes.Structure):
    _fields_ = [("bytes", ctypes.c_ubyte * 256)]


LIBRARY = ctypes.CDLL(os.path.join(os.path.dirname(xllamacpp.__file__), "xllamacpp.abi3.so"))
LIBRARY.llama_model_default_params.restype = Parameters
LIBRARY.llama_model_load_from_file.argtypes = [ctypes.c_char_p, Parameters]
LIBRARY.llama_model_load_from_file.restype = ctypes.c_void_p
LIBRARY.llama_model_get_vocab.argtypes = [ctypes.c_void_p]
LIBRARY.llama_model_get_vocab.restype = ctypes.c_void_p
LIBRARY.llama_tokenize.argtypes = [
    ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int32, ctypes.POINTER(ctypes.c_int32), ctypes.c_int32, ctypes.c_bool, ctypes.c_bool]
LIBRARY.llama_vocab_get_add_bos.argtypes = [ctypes.c_void_p]
LIBRARY.llama_vocab_get_add_bos.restype = ctypes.c_bool
LOG = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)(lambda level, text, data: None)
LIBRARY.llama_log_set(LOG, None)
LIBRARY.llama_backend_init()


class LlamaCpp:
    """A vocabulary in llama.cpp."""

    def __init__(self, path):
        parameters = LIBRARY.llama_model_default_params()
        parameters.bytes[72] = 1  # vocab_only
        model = LIBRARY.llama_model_load_from_file(str(path).encode(), parameters)
        assert model, path
        self.vocab = LIBRARY.llama_model_get_vocab(model)
        self.adds_bos = LIBRARY.llama_vocab_get_add_bos(self.vocab)

    def encode(self, text):
        utf8 = text.encode()
        ids = (ctypes.c_int32 * (len(utf8) + 16))()
        count = LIBRARY.llama_tokenize(self.vocab, utf8, len(utf8), ids, len(ids), False, True)
        assert count >= 0
        return list(ids[:count])


def write_gguf(path, model, pre, tokens, types, bos, eos, unk=None, merges=None, scores=None, **flags):
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_tokenizer_model(model)
    writer.add_tokenizer_pre(pre)
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    if merges is not None:
        writer.add_token_merges(merges)
    if scores is not None:
        writer.add_token_scores(scores)
    writer.add_bos_token_id(bos)
    writer.add_eos_token_id(eos)
    if unk is not None:
        writer.add_unk_token_id(unk)
    for flag, value in flags.items():
        writer.add_bool(f"tokenizer.ggml.{flag}", value)
    writer.add_chat_template("{{ messages }}")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()


def bpe_gguf(path, pre):
    vocab, merges = BPE["model"]["vocab"], BPE["model"]["merges"]
    tokens = sorted(vocab, key=vocab.get) + ["<think>", "  ", f"[PAD{len(vocab) + 2}]", "Ġzz", "xyz"]
    types = [3 if token in SPECIAL else 1 for token in tokens[:-5]] + [4, 4, 5, 1, 1]
    write_gguf(path, "gpt2", pre, tokens, types, 1, 2, merges=[" ".join(pair) for pair in merges])


golden = {}
bpe_gguf(HERE / "bpe.gguf", "gpt-2")
for prefix in (True, False):
    path = HERE / "spm.gguf" if prefix else Path(tempfile.mkdtemp(), "spm.gguf")
    write_gguf(path, "llama", "default", PIECES, TYPES, 1, 2, unk=0, scores=SCORES, add_space_prefix=prefix)
    vocab = LlamaCpp(path)
    golden["spm" if prefix else "spm-without-prefix"] = {"adds_bos": vocab.adds_bos, **answers(vocab.encode)}
write("gguf.json", golden)

if len(sys.argv) > 1:
    path = Path(sys.argv[1]).absolute()
    result = answers(LlamaCpp(path).encode)
    transformed = AutoTokenizer.from_pretrained(str(path.parent), gguf_file=path.name)
    transformed.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    assert result == answers(lambda text: transformed(text, add_special_tokens=False).input_ids)
    write("smollm2.json", result)
