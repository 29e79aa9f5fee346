"""Makes small tokenizers of the kinds that published models have, and records what the `tokenizers` library does with them.

The vocabularies are small and trained here; normalizers, pre-tokenizers, post-processors and decoders are those of the models'
own `tokenizer.json`, or what `transformers` makes of the older files. Models that have the same are one kind.

texts.json   texts, and rows of numbers that become ids (make_texts.py)
bases.json   whole tokenizers, a vocabulary each, and a `precompiled_charsmap`
bytes.json, pieces.json, stages.json    the kinds: byte-level ones, others, and stages in every mode

A kind has
    base     the tokenizer that it changes
    fields   in place of the base's; the string "$charsmap" stands for the `precompiled_charsmap`
    model    in place of the fields of the base's model
    bytes    so many of the tokens <0x00>, <0x01> …, of score 0, are appended to the vocabulary
    tokens   appended to that: [token, score] for a Unigram model, else the token
    every    of how many texts it is tried on one, where it is not tried on all
    old      whether the last `young` texts are left out, whose scalars a regular expression may not know
and of the library
    limit    the ids of the rows are the numbers modulo this, of every second row modulo 270 at most; the last three are unknown
    ids      a checksum a text of its ids; of text 240 its first 30 are in `full`
    special  the same with special tokens added, of every tenth text
    offsets  the same of the offsets in bytes without a post-processor, of every fifth text; "..." where a range is empty or
             behind the range after it, which ours are not
    decoded  checksums of each row decoded: with special tokens, then without; "..." where the library panics
In place of these, `same` names a kind that has all of them, and stages of the encoder have nothing `decoded`.
A checksum is FNV-1a, 32 bits, the upper 14 folded onto the lower 18, as three digits of URL-safe base64.

usage: python make_kinds.py [--train]     without --train the vocabularies of bases.json stay (made with tokenizers 0.23.3 and sentencepiece 0.2.3)
"""
import base64
import io
import json
import string
import sys
import tempfile
import unicodedata
from pathlib import Path

import sentencepiece
from sentencepiece import sentencepiece_model_pb2
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from make_texts import OTHERS, ROWS, SPECIAL, TEXTS, YOUNG

HERE = Path(__file__).resolve().parent
CORPUS = """The quick brown fox jumps over the lazy dog. Don't panic: we're here, they've gone, I'll stay, she'd know.
A tokenizer cuts a text into words and merges the characters of each word, the most frequent pair first.
What is your name? I am a small assistant. Who made you? People who like small models made me. Hello, world!
你好，世界！你是谁？我是一个小小的语言模型，由喜欢小模型的人们训练。今天的天气很好，我们去公园散步吧。
数字 0 1 2 3 4 5 6 7 8 9 10 12 128 256 512 1024 2024 3.14159 １２３ ١٢٣ १२३ 1234567 00001 99 9999
def f(x):
    return x ** 2  # done
for (int i = 0; i < 10; ++i) { a[i] += 1; }
class A:\n\tpass\n\n\nDON'T 12345 123 4567 12 !! ... ----  \t(x)  = [y]; $a+b == $c x = {'a': [1, 2, 3]} HTTPServer2 camelCase
नमस्ते दुनिया สวัสดี 안녕하세요 세계 こんにちは カタカナ שלום עולם مرحبا بالعالم Привет, мир! ПРИВЕТ Γειά σου
Émigré, naïve, café, Straße, señor, façade, Ångström; ÉMIGRÉ e\u0301 o\u0308 \u201cquotes\u201d \u2018s \u2014 \u2026 👍🏽 👩‍👩‍👧 😀 🇨🇳
""" * 3
LINES = CORPUS.split("\n")
PAIRS = ["\n".join(LINES[i:i + 2]) for i in range(len(LINES))]


def as_json(part):
    return json.loads(part.to_str()) if isinstance(part, Tokenizer) else json.loads(part.__getstate__())


# Stages, as JSON.
def byte_level(regex=False, prefix=False, trim=True):
    return {"type": "ByteLevel", "add_prefix_space": prefix, "trim_offsets": trim, "use_regex": regex}


def chain(*stages):
    return {"type": "Sequence", "pretokenizers": list(stages)}


def normal(*stages):
    return {"type": "Sequence", "normalizers": list(stages)}


def decoding(*stages):
    return {"type": "Sequence", "decoders": list(stages)}


def split(pattern, behavior="Isolated", invert=False, literal=False):
    return {"type": "Split", "pattern": {"String" if literal else "Regex": pattern}, "behavior": behavior, "invert": invert}


def replace(pattern, content, literal=False):
    return {"type": "Replace", "pattern": {"String" if literal else "Regex": pattern}, "content": content}


def digits(individual):
    return {"type": "Digits", "individual_digits": individual}


def metaspace(scheme="always", splits=True):
    return {"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": splits}


def old_metaspace(prefix=True):
    return {"type": "Metaspace", "replacement": "▁", "add_prefix_space": prefix}


def template(*parts, pair=None):
    """$A is the text; the rest are tokens, with their ids."""
    single = [{"Sequence": {"id": "A", "type_id": 0}} if part == "$A" else {"SpecialToken": {"id": part[0], "type_id": 0}} for part in parts]
    special = {part[0]: {"id": part[0], "ids": [part[1]], "tokens": [part[0]]} for part in parts if part != "$A"}
    return {"type": "TemplateProcessing", "single": single, "pair": single + [{"Sequence": {"id": "B", "type_id": 1}}], "special_tokens": special}


def added(id, content, **flags):
    return {"id": id, "content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True, **flags}


NFC, NFD, NFKC, NFKD, LOWERCASE, STRIP_ACCENTS = ({"type": kind} for kind in ("NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents"))
PRECOMPILED = {"type": "Precompiled", "precompiled_charsmap": "$charsmap"}
SPACES = replace(" {2,}", " ")
LITERAL_SPACE = replace(" ", "▁", literal=True)
TO_TEXT = [{"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"}]
NO_SPACE = {"type": "Strip", "content": " ", "start": 1, "stop": 0}


def strip(left=True, right=True):
    return {"type": "Strip", "strip_left": left, "strip_right": right}


# Vocabularies.
def trained_bytes():
    tokenizer = Tokenizer(models.BPE())
    # Merges across all borders of words, by which every way to cut a text gives other ids.
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(PAIRS, trainers.BpeTrainer(
        vocab_size=720, max_token_length=7, min_frequency=2, special_tokens=SPECIAL, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    return as_json(tokenizer)


CLIP = r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"


def trained_clip():
    """With all bytes as ends of words too, as CLIP's has."""
    tokenizer = Tokenizer(models.BPE(end_of_word_suffix="</w>", unk_token="<|endoftext|>", continuing_subword_prefix=""))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Replace(" ", " "), normalizers.Lowercase()])
    parts = [split(CLIP, "Removed", True), byte_level(True)]
    root = {**as_json(tokenizer), "pre_tokenizer": chain(*parts), "normalizer": normal(NFC, replace(r"\s+", " "), LOWERCASE)}
    tokenizer = Tokenizer.from_str(json.dumps(root))
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(LINES, trainers.BpeTrainer(
        vocab_size=420, min_frequency=2, special_tokens=["<|startoftext|>", "<|endoftext|>"], initial_alphabet=alphabet, end_of_word_suffix="</w>", show_progress=False))
    root = as_json(tokenizer)
    vocabulary = root["model"]["vocab"]
    for letter in sorted(alphabet):
        vocabulary.setdefault(letter + "</w>", len(vocabulary))
    return root


def trained_gpt1():
    """Characters with a suffix at the end of words."""
    tokenizer = Tokenizer(models.BPE(end_of_word_suffix="</w>", unk_token="<unk>"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.BPEDecoder(suffix="</w>")
    tokenizer.train_from_iterator(LINES, trainers.BpeTrainer(
        vocab_size=420, min_frequency=2, special_tokens=["<unk>"], limit_alphabet=120, end_of_word_suffix="</w>", show_progress=False))
    return as_json(tokenizer)


def trained_continuing():
    """Characters with a prefix where they continue a word, as WordPiece has it."""
    tokenizer = Tokenizer(models.BPE(continuing_subword_prefix="##", unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.train_from_iterator(LINES, trainers.BpeTrainer(
        vocab_size=420, min_frequency=2, special_tokens=["[UNK]"], limit_alphabet=120, continuing_subword_prefix="##", show_progress=False))
    return as_json(tokenizer)


def trained_sentencepiece(kind, size, **options):
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(LINES), model_writer=model, model_type=kind, vocab_size=size, minloglevel=2, **options)
    return sentencepiece_model_pb2.ModelProto.FromString(model.getvalue())


def trained_pieces():
    model = trained_sentencepiece(
        "bpe", 540, byte_fallback=True, split_digits=True, normalization_rule_name="identity", remove_extra_whitespaces=False, character_coverage=0.98)
    vocabulary = {piece.piece: index for index, piece in enumerate(model.pieces)}
    # Each way to put a piece together of two, the better piece first, as for Llama's.
    merges = []
    for piece in vocabulary:
        ways = [(piece[:i], piece[i:]) for i in range(1, len(piece)) if piece[:i] in vocabulary and piece[i:] in vocabulary]
        merges += [(vocabulary[piece], *way) for way in sorted(ways, key=lambda way: (vocabulary[way[0]], vocabulary[way[1]]))]
    merges = [[left, right] for _, left, right in sorted(merges, key=lambda merge: merge[0])]
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[], byte_fallback=True, fuse_unk=True, unk_token="<unk>"))
    tokenizer.add_special_tokens(["<unk>", "<s>", "</s>"])
    root = as_json(tokenizer)
    root["model"]["merges"] = merges
    return {**root, "normalizer": normal({"type": "Prepend", "prepend": "▁"}, LITERAL_SPACE), "decoder": decoding(*TO_TEXT, NO_SPACE), "post_processor": template(("<s>", 1), "$A")}


def trained_unigram():
    """As T5's: <pad>, </s>, <unk>."""
    model = trained_sentencepiece(
        "unigram", 430, normalization_rule_name="identity", character_coverage=0.98, pad_id=0, eos_id=1, unk_id=2, bos_id=-1, pad_piece="<pad>", hard_vocab_limit=False)
    # Few digits: what ties shows how ties are resolved.
    pieces = [[piece.piece, round(piece.score, 3)] for piece in model.pieces] + [["<extra_id_1>", 0.0], ["<extra_id_0>", 0.0]]
    tokenizer = Tokenizer(models.Unigram([tuple(piece) for piece in pieces], unk_id=2))
    tokenizer.add_special_tokens(["<pad>", "</s>", "<unk>", "<extra_id_0>", "<extra_id_1>"])
    return {**as_json(tokenizer), "pre_tokenizer": metaspace(), "decoder": metaspace(), "post_processor": template("$A", ("</s>", 1))}


BERT_TOKENS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def bert_normalizer(lowercase=True, accents=None, chinese=True, clean=True):
    return {"type": "BertNormalizer", "clean_text": clean, "handle_chinese_chars": chinese, "strip_accents": accents, "lowercase": lowercase}


def trained_wordpiece():
    """Of text in both cases, so that it serves cased and uncased kinds."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.train_from_iterator(LINES + [normalizers.BertNormalizer().normalize_str(line) for line in LINES], trainers.WordPieceTrainer(
        vocab_size=560, min_frequency=2, special_tokens=BERT_TOKENS, limit_alphabet=170, show_progress=False))
    root = as_json(tokenizer)
    return {**root, "normalizer": bert_normalizer(), "post_processor": template(("[CLS]", 2), "$A", ("[SEP]", 3))}


def trained_wordlevel():
    tokenizer = Tokenizer(models.WordLevel(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.train_from_iterator(LINES, trainers.WordLevelTrainer(vocab_size=400, min_frequency=1, special_tokens=BERT_TOKENS, show_progress=False))
    return as_json(tokenizer)


def compiled_charsmap():
    """The rules of SentencePiece's `nmt_nfkc` for some scalars: a twentieth of its size."""
    rules = {}
    scalars = "ＡＢＣＸＹＺａｂｃｄｅｘｙｚ０１２３４５６７８９！？，．：；（）～〜｜・ｱｲｶｷﾊﾞﾟﾞⅧⅷⅰ①㊿㊀㎨㍿™½¼²³¹¡ªºﬁﬃﷺ𝔘𝔫𝔦𝔠𝔬𝔡𝔢𝟘𝟙𝟚ǅŉſ℃№…‥㌔\uf900\U0002f800\u212a\u212b\u2126\u1fd3ﻻ´¨¯\u0345"
    for text in scalars:
        rules[text] = unicodedata.normalize("NFKC", text)
    for letter in "aeiouncsyzAEIOUNCSYZoOuU":
        for mark in "\u0300\u0301\u0302\u0303\u0308\u030a\u0323\u0327\u0302\u0301":
            for marks in (mark, "\u0323" + mark):
                composed = unicodedata.normalize("NFKC", letter + marks)
                if composed != letter + marks:
                    rules[letter + marks] = composed
    for kana in "かきハヒカキ":
        for mark in "\u3099\u309a":
            rules[kana + mark] = unicodedata.normalize("NFKC", kana + mark)
    for kana in "ｶｷﾊﾋ":
        for mark in "ﾞﾟ":
            rules[kana + mark] = unicodedata.normalize("NFKC", kana + mark)
    for syllable in "가각한":
        rules[unicodedata.normalize("NFD", syllable)] = syllable
    for space in "\t\n\x0c\r\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\u200b\u200e\u200f\u2581\ufeff\ufffd":
        rules[space] = " "
    for control in "\x01\x02\x03\x04\x05\x06\x07\x08\x0b\x0e\x0f\x10\x1c\x1d\x1e\x1f\x7f\x8f\x9f":
        rules[control] = ""
    lines = [" ".join(f"{ord(c):X}" for c in left) + "\t" + " ".join(f"{ord(c):X}" for c in right) for left, right in rules.items() if left != right]
    with tempfile.NamedTemporaryFile("w", suffix=".tsv") as file:
        file.write("\n".join(lines) + "\n")
        file.flush()
        model = trained_sentencepiece("char", 100, normalization_rule_tsv=file.name, hard_vocab_limit=False, character_coverage=0.98)
    return base64.b64encode(model.normalizer_spec.precompiled_charsmap).decode()


def trained():
    return {
        "bytes": trained_bytes(), "clip": trained_clip(), "gpt1": trained_gpt1(), "continuing": trained_continuing(), "pieces": trained_pieces(),
        "unigram": trained_unigram(), "wordpiece": trained_wordpiece(), "wordlevel": trained_wordlevel(), "charsmap": compiled_charsmap()}


# What the trainers give differs from run to run where pairs are equally frequent.
BASES = trained() if "--train" in sys.argv else json.loads((HERE / "bases.json").read_text(encoding="utf-8"))
CHARSMAP = BASES.pop("charsmap")


# Regular expressions.
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
QWEN2 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN35 = QWEN2.replace(r"\p{L}+|", r"[\p{L}\p{M}]+|").replace(r"[^\s\p{L}\p{N}]", r"[^\s\p{L}\p{M}\p{N}]")
LLAMA3 = QWEN2.replace(r"|\p{N}|", r"|\p{N}{1,3}|")
CL100K = r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"
O200K = "|".join([
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"\p{N}{1,3}", r" ?[^\s\p{L}\p{N}]+[\r\n/]*", r"\s*[\r\n]+", r"\s+(?!\S)", r"\s+"])
TEKKEN = O200K.replace("(?i:'s|'t|'re|'ve|'m|'ll|'d)?", "").replace(r"\p{N}{1,3}", r"\p{N}")
KIMI = r"[\p{Han}]+|" + O200K.replace(r"\p{M}]", r"\p{M}&&[^\p{Han}]]").replace(r"[\r\n/]*", r"[\r\n]*")
DEEPSEEK3 = [
    r"\p{N}{1,3}", "[一-龥぀-ゟ゠-ヿ]+",
    r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"""]
LATIN = (
    "A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕἠ-ὅὈ-Ὅὐ-ὗὙὛὝ\u1f5f-\u1f7dᾀ-ᾴᾶ-ᾼ\u1fbeῂ-ῄῆ-ῌ\u1fd0-\u1fd3\u1fd6-\u1fdbῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓℕℙ-ℝℤ\u2126ℨ\u212a-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳ"
    "Ꙁ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃")
DEEPSEEK2 = ["[\r\n]", r"\s?[" + LATIN + "]+", r"\s?[!-/:-~！-／：-～‘-‟　-。]+", r"\s+$", "[一-龥ࠀ-一가-퟿]+"]
DEEPSEEK_CODER = ["[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", "[一-龥ࠀ-一가-퟿]+"]
BLOOM = " ?[^(\\s|[.,!?…。，、।۔،])]+"
CHAMELEON = [r"<sentinel:[0-9]+>", r"(IMGIMG)((A|B|C|D|E|F|G|H|I){1,4})Z", r"([\t\n]|    |  )", r"\p{N}", r"[\p{P}!-/:-@\[-`{-~]"]

BYTES, PIECES, STAGES = {}, {}, {}
LAST = {"bytes": len(BASES["bytes"]["model"]["vocab"]), "unigram": len(BASES["unigram"]["model"]["vocab"])}


def kind(group, name, base, fields=None, model=None, tokens=(), bytes=0, every=1, offsets=True):
    assert name not in BYTES and name not in PIECES and name not in STAGES
    group[name] = {"base": base, "fields": fields or {}, "model": model or {}, "tokens": list(tokens), "bytes": bytes, "every": every, "offsets": offsets}


def splits(patterns, *rest):
    return chain(*[split(pattern) for pattern in patterns], *rest)


# Byte-level kinds.
SPECIAL_TOKENS = [added(i, token) for i, token in enumerate(SPECIAL)]
kind(BYTES, "gpt2", "bytes", {"post_processor": byte_level(True, False, False), "decoder": byte_level(True, True)})
kind(BYTES, "gpt2, space", "bytes", {"pre_tokenizer": byte_level(True, True)})
kind(BYTES, "roberta", "bytes", {
    "post_processor": {"type": "RobertaProcessing", "sep": ["<|im_end|>", 2], "cls": ["<|im_start|>", 1], "trim_offsets": True, "add_prefix_space": False},
    "added_tokens": SPECIAL_TOKENS + [added(LAST["bytes"], "<mask>", lstrip=True)]})
kind(BYTES, "gpt-neox", "bytes", {
    "normalizer": NFC, "added_tokens": SPECIAL_TOKENS + [added(LAST["bytes"] + i, " " * count, special=False, normalized=True) for i, count in enumerate(range(12, 1, -1))]})
kind(BYTES, "modernbert", "bytes", {
    "normalizer": NFC, "post_processor": template(("<|im_start|>", 1), "$A", ("<|im_end|>", 2)),
    "added_tokens": SPECIAL_TOKENS + [added(LAST["bytes"], "[MASK]", lstrip=True), added(LAST["bytes"] + 1, "\n\n", special=False, normalized=True)]})
kind(BYTES, "whisper", "bytes", {"post_processor": template(("<|im_start|>", 1), ("<|im_end|>", 2), "$A", ("<|endoftext|>", 0))})
kind(BYTES, "starcoder2", "bytes", {"pre_tokenizer": chain(digits(True), byte_level(True))})
kind(BYTES, "cohere", "bytes", {"normalizer": NFC, "pre_tokenizer": chain(digits(True), byte_level(True)), "post_processor": template(("<|im_start|>", 1), "$A")})
kind(BYTES, "bloom", "bytes", {"pre_tokenizer": chain(split(BLOOM), byte_level()), "post_processor": byte_level(False, True, False), "decoder": byte_level(False, True)})
kind(BYTES, "poro", "bytes", {"pre_tokenizer": chain(split(BLOOM), digits(True), byte_level())})
kind(BYTES, "falcon", "bytes", {"pre_tokenizer": chain({"type": "Punctuation", "behavior": "Contiguous"}, byte_level(True), digits(False), split("[0-9][0-9][0-9]"))})
kind(BYTES, "falcon3", "bytes", {"pre_tokenizer": chain(split(r"[\p{P}\$\+<=>\^~\|`]+"), split(GPT2), split("[0-9]"), byte_level())})
kind(BYTES, "qwen2", "bytes", {"normalizer": NFC, "pre_tokenizer": chain(split(QWEN2), byte_level(trim=False)), "post_processor": byte_level(trim=False)})
kind(BYTES, "qwen35", "bytes", {"normalizer": NFC, "pre_tokenizer": chain(split(QWEN35), byte_level())})
kind(BYTES, "llama3", "bytes", {
    "pre_tokenizer": chain(split(LLAMA3), byte_level()),
    "post_processor": {"type": "Sequence", "processors": [byte_level(True, True, False), template(("<|im_start|>", 1), "$A")]}}, {"ignore_merges": True}, ["Ġquickly", "xxxxxxxx", "0000", "ĠĠĠĠĠ"])
kind(BYTES, "glm4", "bytes", {"pre_tokenizer": chain(split(LLAMA3), byte_level()), "post_processor": {"type": "Sequence", "processors": [byte_level(True, True, False)]}})
kind(BYTES, "phi4", "bytes", {"pre_tokenizer": chain(split(CL100K, "Removed", True), byte_level())})
kind(BYTES, "olmo2", "bytes", {"pre_tokenizer": chain(split(CL100K), byte_level())})
kind(BYTES, "gpt-oss", "bytes", {"pre_tokenizer": chain(split(O200K), byte_level()), "post_processor": byte_level(True, True, False)}, {"ignore_merges": True})
kind(BYTES, "phi4-mini", "bytes", {"pre_tokenizer": chain(split(O200K, "Removed", True), byte_level())})
kind(BYTES, "tekken", "bytes", {
    "pre_tokenizer": chain(split(TEKKEN), byte_level()), "post_processor": template(("<|im_start|>", 1), "$A")}, {"ignore_merges": True}, ["ĠHello", "Ġworld!"])
kind(BYTES, "deepseek3", "bytes", {
    "normalizer": normal(), "pre_tokenizer": splits(DEEPSEEK3, byte_level()), "decoder": byte_level(True, True), "post_processor": template(("<|im_start|>", 1), "$A"),
    "added_tokens": SPECIAL_TOKENS + [added(LAST["bytes"], "<｜end▁of▁sentence｜>"), added(LAST["bytes"] + 1, "<think>", special=False, normalized=True)]})
kind(BYTES, "deepseek2", "bytes", {"normalizer": normal(), "pre_tokenizer": splits(DEEPSEEK2, digits(True), byte_level())})
kind(BYTES, "deepseek-coder", "bytes", {"normalizer": normal(), "pre_tokenizer": splits(DEEPSEEK_CODER, digits(True), byte_level())})
kind(BYTES, "kimi", "bytes", {"pre_tokenizer": chain(split(KIMI), byte_level())}, {"ignore_merges": True})
kind(BYTES, "chameleon", "bytes", {"pre_tokenizer": splits(CHAMELEON, byte_level(True))})
kind(BYTES, "nemotron", "bytes", {
    "normalizer": normal(normal(NFC), normal()), "pre_tokenizer": chain(chain(split(TEKKEN), chain()), chain(byte_level())),
    "post_processor": {"type": "Sequence", "processors": [{"type": "Sequence", "processors": [template(("<|im_start|>", 1), "$A")]}, byte_level()]}})
kind(BYTES, "exaone", "bytes", {"normalizer": NFKC, "pre_tokenizer": chain(digits(True), byte_level(True))})
kind(BYTES, "mpt", "bytes", {"normalizer": NFC, "pre_tokenizer": byte_level(True), "added_tokens": SPECIAL_TOKENS + [added(LAST["bytes"], "<mask>", lstrip=True, rstrip=True, normalized=True)]})
kind(BYTES, "byte normalizer", "bytes", {"normalizer": normal(NFC, {"type": "ByteLevel"}), "pre_tokenizer": split("(?:Ġ?[A-Za-z]+)|[^A-Za-zĠ]+|Ġ+"), "decoder": byte_level(True, True)})
kind(BYTES, "byte normalizer alone", "bytes", {"normalizer": {"type": "ByteLevel"}, "pre_tokenizer": None})
kind(BYTES, "bytes as literals", "bytes", {"pre_tokenizer": byte_level()}, {"byte_fallback": True})
kind(BYTES, "no decoder", "bytes", {"decoder": None})
# Drops characters without a token, after which the library's offsets are off by their length.
kind(BYTES, "characters of bytes", "bytes", {"pre_tokenizer": None}, offsets=False)
kind(BYTES, "clip", "clip", {
    "normalizer": normal(NFC, replace(r"\s+", " "), LOWERCASE), "pre_tokenizer": chain(split(CLIP, "Removed", True), byte_level()),
    "post_processor": {"type": "RobertaProcessing", "sep": ["<|endoftext|>", 1], "cls": ["<|startoftext|>", 0], "trim_offsets": False, "add_prefix_space": False},
    "added_tokens": [added(0, "<|startoftext|>", normalized=True), added(1, "<|endoftext|>")]})

# SentencePiece's BPE.
kind(PIECES, "llama2", "pieces")
kind(PIECES, "llama2, v5", "pieces", {"normalizer": None, "pre_tokenizer": metaspace("first", False)})
kind(PIECES, "codellama", "pieces", {"normalizer": normal(LITERAL_SPACE), "pre_tokenizer": None})
kind(PIECES, "mistral", "pieces", {"normalizer": None, "pre_tokenizer": metaspace("first", False), "decoder": decoding(*TO_TEXT, NO_SPACE)}, {"ignore_merges": True})
kind(PIECES, "yi", "pieces", {"decoder": decoding(TO_TEXT[0], TO_TEXT[1], NO_SPACE, TO_TEXT[2])})
kind(PIECES, "phi3", "pieces", {"added_tokens": [added(0, "<unk>"), added(1, "<s>"), added(2, "</s>", rstrip=True, special=False), added(540, "<|im_end|>", rstrip=True)]})
kind(PIECES, "gemma2", "pieces", {"normalizer": LITERAL_SPACE, "pre_tokenizer": split(" ", "MergedWithPrevious", literal=True), "decoder": decoding(*TO_TEXT)})
kind(PIECES, "gemma3", "pieces", {
    "normalizer": LITERAL_SPACE, "pre_tokenizer": split(" ", "MergedWithPrevious", literal=True), "decoder": decoding(*TO_TEXT), "post_processor": template(("<s>", 1), "$A"),
    "added_tokens": [added(0, "<unk>"), added(1, "<s>"), added(2, "</s>"), added(540, "<start_of_turn>"), added(541, "\n\n", special=False), added(542, "\n\n\n", special=False),
                     added(543, "▁▁", special=False), added(544, "▁▁▁▁", special=False), added(545, "[PAD]", special=False, normalized=True)]})
kind(PIECES, "baichuan", "pieces", {"normalizer": normal(LITERAL_SPACE), "pre_tokenizer": None, "decoder": decoding(*TO_TEXT), "post_processor": None}, {"fuse_unk": False, "unk_token": None})
kind(PIECES, "ending pieces", "pieces", {"normalizer": normal({"type": "Prepend", "prepend": " "}, LITERAL_SPACE), "pre_tokenizer": chain(split("\n", "Contiguous", literal=True))})
kind(PIECES, "pieces without bytes", "pieces", {"pre_tokenizer": metaspace("always"), "normalizer": NFKC, "decoder": metaspace("always")}, {"byte_fallback": False})
kind(PIECES, "pieces without bytes, not fused", "pieces", {"pre_tokenizer": metaspace("never"), "normalizer": None, "decoder": metaspace("never")}, {"byte_fallback": False, "fuse_unk": False})

# Unigram.
T5_TOKENS = BASES["unigram"]["added_tokens"]
MASK = added(LAST["unigram"], "<mask>", lstrip=True)
XLMR = {"normalizer": PRECOMPILED, "pre_tokenizer": chain({"type": "WhitespaceSplit"}, metaspace()), "added_tokens": T5_TOKENS + [MASK]}
kind(PIECES, "t5", "unigram", {"normalizer": PRECOMPILED, "pre_tokenizer": chain({"type": "WhitespaceSplit"}, old_metaspace()), "decoder": old_metaspace()})
kind(PIECES, "t5, v5", "unigram", {"normalizer": normal(PRECOMPILED, strip(False, True), replace(" {2,}", "▁"))})
kind(PIECES, "mt5", "unigram", {"normalizer": normal(PRECOMPILED, SPACES), "pre_tokenizer": metaspace("first")})
kind(PIECES, "xlm-roberta", "unigram", {**XLMR, "post_processor": template(("<pad>", 0), "$A", ("</s>", 1))})
kind(PIECES, "mbart", "unigram", {
    "normalizer": normal(PRECOMPILED, SPACES), "pre_tokenizer": metaspace(), "added_tokens": T5_TOKENS + [MASK, added(LAST["unigram"] + 1, "en_XX")],
    "post_processor": template("$A", ("</s>", 1), ("en_XX", LAST["unigram"] + 1))})
kind(PIECES, "nllb", "unigram", {"normalizer": normal(PRECOMPILED, SPACES), "pre_tokenizer": metaspace("always", False), "post_processor": template(("<pad>", 0), "$A", ("</s>", 1))})
kind(PIECES, "camembert", "unigram", {
    "normalizer": normal(replace("\n", " ", True), replace("\r", " ", True), replace("\t", " ", True), strip(), SPACES), "post_processor": template(("<pad>", 0), "$A", ("</s>", 1))})
kind(PIECES, "barthez", "unigram", {"normalizer": normal(replace(r"\s{2,}|[\n\r\t]", " "), NFC, strip(False, True)), "pre_tokenizer": metaspace("always")})
kind(PIECES, "albert", "unigram", {
    "normalizer": normal(replace("``", '"', True), replace("''", '"', True), NFKD, STRIP_ACCENTS, LOWERCASE, PRECOMPILED, SPACES), "pre_tokenizer": metaspace(),
    "post_processor": template(("<pad>", 0), "$A", ("</s>", 1))})
kind(PIECES, "albert, old", "unigram", {
    "normalizer": normal(replace("``", '"', True), replace("''", '"', True), NFKD, STRIP_ACCENTS, LOWERCASE, PRECOMPILED),
    "pre_tokenizer": chain({"type": "WhitespaceSplit"}, old_metaspace()), "decoder": old_metaspace()})
kind(PIECES, "xlnet", "unigram", {
    "normalizer": normal(replace("``", '"', True), replace("''", '"', True), PRECOMPILED, SPACES), "pre_tokenizer": metaspace(), "post_processor": template("$A", ("</s>", 1), ("<pad>", 0))})
kind(PIECES, "deberta2", "unigram", {"normalizer": normal(strip(), PRECOMPILED, SPACES), "pre_tokenizer": chain({"type": "Punctuation", "behavior": "Isolated"}, metaspace())})
kind(PIECES, "pegasus", "unigram", {"normalizer": normal(replace("\n", " "), PRECOMPILED, SPACES), "pre_tokenizer": metaspace()})
kind(PIECES, "seamless", "unigram", {
    "normalizer": normal(replace("[\n\r\t]", " "), NFKC, strip(False, True), replace(r" +▁", "▁"), replace(r"^▁+$", ""), replace(" {2,}", "▁")), "pre_tokenizer": metaspace("first")})
kind(PIECES, "bigbird", "unigram", {"normalizer": normal(strip(False, False), replace(" {2,}", "▁")), "post_processor": template(("<pad>", 0), "$A", ("</s>", 1))})
kind(PIECES, "sentencepiece, converted", "unigram", {
    "normalizer": normal(PRECOMPILED, replace(r"\A +| +\z", ""), SPACES, LITERAL_SPACE, replace(r"\A▁", "▁▁")), "pre_tokenizer": metaspace("never", False)})
kind(PIECES, "sentencepiece, trained", "unigram", {"normalizer": normal({"type": "Nmt"}, NFKC, SPACES), "pre_tokenizer": metaspace()})
kind(PIECES, "unigram of texts", "unigram", {"normalizer": normal({"type": "Prepend", "prepend": "▁"}, LITERAL_SPACE), "pre_tokenizer": None})
kind(PIECES, "unigram of bytes", "unigram", {
    "normalizer": normal({"type": "Prepend", "prepend": "▁"}, LITERAL_SPACE), "pre_tokenizer": None, "decoder": decoding(*TO_TEXT, NO_SPACE)}, {"byte_fallback": True}, bytes=256)
kind(PIECES, "unigram of some bytes", "unigram", {"decoder": decoding(*TO_TEXT)}, {"byte_fallback": True}, bytes=0xC8)
kind(PIECES, "unigram, gemma", "unigram", {
    "normalizer": LITERAL_SPACE, "pre_tokenizer": split(" ", "MergedWithPrevious", literal=True), "decoder": decoding(*TO_TEXT)}, {"byte_fallback": True}, [["▁▁", -3.0], ["▁▁▁", -3.5]], bytes=256)
kind(PIECES, "unigram of byte letters", "unigram", {"normalizer": None, "pre_tokenizer": byte_level(True), "decoder": byte_level()}, {}, [["Ġ", -3.0], ["Ġt", -3.2], ["Ã", -6.0], ["©", -6.0], ["Ã©", -9.0]])

# WordPiece.
kind(PIECES, "bert", "wordpiece")
kind(PIECES, "bert, cased", "wordpiece", {"normalizer": bert_normalizer(lowercase=False)})
kind(PIECES, "bert, multilingual", "wordpiece", {"normalizer": bert_normalizer(lowercase=False, accents=False)})
kind(PIECES, "bert, chinese off", "wordpiece", {"normalizer": bert_normalizer(chinese=False, accents=False, clean=False)})
kind(PIECES, "bert, accents", "wordpiece", {"normalizer": bert_normalizer(lowercase=False, accents=True)}, {"max_input_chars_per_word": 9})
kind(PIECES, "electra", "wordpiece", {"post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]}, "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": False}})
kind(PIECES, "mpnet", "wordpiece", {
    "normalizer": bert_normalizer(accents=True), "added_tokens": BASES["wordpiece"]["added_tokens"][:4] + [added(4, "[MASK]", lstrip=True)],
    "post_processor": {"type": "RobertaProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2], "trim_offsets": True, "add_prefix_space": True}})
kind(PIECES, "wordpiece of words", "wordpiece", {"normalizer": normal(NFD, LOWERCASE, STRIP_ACCENTS), "pre_tokenizer": {"type": "Whitespace"}, "post_processor": None}, {"continuing_subword_prefix": "##"})
kind(PIECES, "wordpiece, chain", "wordpiece", {"normalizer": normal(strip(), NFKC), "pre_tokenizer": chain({"type": "WhitespaceSplit"}, {"type": "Punctuation", "behavior": "Isolated"}, digits(True))})

# Others.
kind(PIECES, "wordlevel", "wordlevel")
kind(PIECES, "wordlevel, spaces", "wordlevel", {"normalizer": LOWERCASE, "pre_tokenizer": {"type": "WhitespaceSplit"}, "decoder": {"type": "Fuse"}})
kind(PIECES, "wordlevel, letters", "wordlevel", {"pre_tokenizer": {"type": "FixedLength", "length": 1}, "decoder": {"type": "Fuse"}})
kind(PIECES, "gpt1", "gpt1")
kind(PIECES, "herbert", "gpt1", {"normalizer": bert_normalizer(lowercase=False, accents=False), "pre_tokenizer": {"type": "BertPreTokenizer"}}, {"fuse_unk": True})
kind(PIECES, "bpe, continuing", "continuing")

# Stages in each mode, before a vocabulary that crosses all borders.
for behavior in ("Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"):
    for inverted in (False, True):
        suffix = f"{behavior}{', inverted' if inverted else ''}"
        kind(STAGES, f"split by letters, {suffix}", "bytes", {"pre_tokenizer": chain(split("[aeiou]|b?c|的", behavior, inverted), byte_level())}, every=3)
        kind(STAGES, f"split by literal, {suffix}", "bytes", {"pre_tokenizer": chain(split(" ", behavior, inverted, literal=True), byte_level())}, every=3)
        kind(STAGES, f"split by spaces, {suffix}", "pieces", {"normalizer": LITERAL_SPACE, "pre_tokenizer": split("▁|a", behavior, inverted)}, every=3)
    kind(STAGES, f"punctuation, {behavior}", "bytes", {"pre_tokenizer": chain({"type": "Punctuation", "behavior": behavior}, byte_level())}, every=3)
kind(STAGES, "punctuation alone", "pieces", {"pre_tokenizer": {"type": "Punctuation"}}, every=3)
kind(STAGES, "characters split", "bytes", {"pre_tokenizer": chain({"type": "CharDelimiterSplit", "delimiter": "e"}, byte_level())}, every=3)
kind(STAGES, "scripts", "bytes", {"pre_tokenizer": chain({"type": "UnicodeScripts"}, byte_level())})
kind(STAGES, "scripts and words", "pieces", {"pre_tokenizer": chain({"type": "UnicodeScripts"}, metaspace("first"))}, every=3)
kind(STAGES, "digits", "bytes", {"pre_tokenizer": chain(digits(True), byte_level())})
kind(STAGES, "runs of digits", "bytes", {"pre_tokenizer": chain(digits(False), byte_level())})
kind(STAGES, "words", "bytes", {"pre_tokenizer": chain({"type": "Whitespace"}, byte_level(True))})
kind(STAGES, "words between spaces", "bytes", {"pre_tokenizer": chain({"type": "WhitespaceSplit"}, byte_level(False, True))}, every=3)
kind(STAGES, "bert's words", "bytes", {"pre_tokenizer": chain({"type": "BertPreTokenizer"}, byte_level())})
kind(STAGES, "three characters", "bytes", {"pre_tokenizer": chain({"type": "FixedLength", "length": 3}, byte_level())}, every=3)
kind(STAGES, "anchors", "bytes", {"pre_tokenizer": chain(split(r"^.|.$|\A\s+|\b\w|(?<=a)b|(?<![0-9])7"), byte_level())}, every=3)
kind(STAGES, "empty matches", "bytes", {"pre_tokenizer": chain(split(r"x*|(?=[A-Z])"), byte_level())}, every=3)
kind(STAGES, "byte letters split", "bytes", {"pre_tokenizer": chain(byte_level(True), split("Ġ", "MergedWithNext", literal=True), split("[ĊĠ]+"))}, every=3)
kind(STAGES, "metaspaces in words", "pieces", {"normalizer": None, "pre_tokenizer": chain({"type": "WhitespaceSplit"}, metaspace("first"))}, every=3)
kind(STAGES, "metaspace of another sign", "pieces", {
    "normalizer": None, "pre_tokenizer": {"type": "Metaspace", "replacement": "_", "prepend_scheme": "always", "split": True},
    "decoder": {"type": "Metaspace", "replacement": "_", "prepend_scheme": "always", "split": True}}, every=3)
for form, name in ((NFC, "NFC"), (NFD, "NFD"), (NFKC, "NFKC"), (NFKD, "NFKD"), (LOWERCASE, "lowercase"), (STRIP_ACCENTS, "accents"), ({"type": "Nmt"}, "nmt"), (PRECOMPILED, "precompiled"),
                   (strip(True, False), "strip, left"), (strip(False, True), "strip, right"), (bert_normalizer(), "bert's normalizer"),
                   (normal(replace(r"\d+", "0"), replace("[aeiou]", ""), replace("b", "bb", True)), "replaced"), (normal(NFD, {"type": "Nmt"}, STRIP_ACCENTS, LOWERCASE, strip(), NFC), "many forms")):
    kind(STAGES, f"normal: {name}", "bytes", {"normalizer": form, "added_tokens": SPECIAL_TOKENS + [added(LAST["bytes"], "É<s>", special=False, normalized=True)]})
CLEANED = decoding(replace("[Ġ▁]", " "), {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 1})
for name, base, decoder in (("ctc", "wordlevel", {"type": "CTC", "pad_token": "[PAD]", "word_delimiter_token": "a", "cleanup": True}), ("fused", "wordpiece", {"type": "Fuse"}),
                            ("wordpiece without cleanup", "wordpiece", {"type": "WordPiece", "prefix": "##", "cleanup": False}), ("suffix", "gpt1", {"type": "BPEDecoder", "suffix": "</w>"}),
                            ("replaced by a pattern", "pieces", CLEANED), ("bytes alone", "pieces", {"type": "ByteFallback"}), ("metaspace", "pieces", {**old_metaspace(False), "prepend_scheme": "never"}), ("none", "pieces", None),
                            ("none, of bytes", "bytes", None), ("replaced and spaced", "unigram", decoding(replace("▁", " ", True), decoding({"type": "ByteFallback"}, {"type": "Fuse"}), NO_SPACE))):
    kind(STAGES, f"decoded: {name}", base, {"decoder": decoder}, every=40)


# What the library does.
DIGITS_64 = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"


def number(numbers):
    value = 0x811C9DC5
    for i in numbers:
        value = (value ^ i) * 0x01000193 & 0xFFFFFFFF
    return (value ^ value >> 18) & 0x3FFFF


def checksum(numbers):
    value = number(numbers)
    return "".join(DIGITS_64[value >> shift & 63] for shift in (12, 6, 0))


def completed(kind):
    root = json.loads(json.dumps(BASES[kind["base"]]))
    root.update(json.loads(json.dumps(kind["fields"]).replace("$charsmap", CHARSMAP)))
    root["model"].update(kind["model"])
    vocabulary = root["model"]["vocab"]
    fallback = [f"<0x{byte:02X}>" for byte in range(kind["bytes"])]
    for token in ([[token, 0.0] for token in fallback] if isinstance(vocabulary, list) else fallback) + kind["tokens"]:
        if isinstance(vocabulary, list):
            vocabulary.append(token)
        else:
            vocabulary[token] = len(vocabulary)
    return root


def offsets(tokenizer, text):
    starts = [0]
    for character in text:
        starts.append(starts[-1] + len(character.encode()))
    pairs = [(starts[first], starts[last]) for first, last in tokenizer.encode(text, add_special_tokens=False).offsets]
    sound = all(first < last for first, last in pairs) and all(a[0] <= b[0] and a[1] <= b[1] for a, b in zip(pairs, pairs[1:]))
    return checksum(bound for pair in pairs for bound in pair) if sound else "..."


def decoded(tokenizer, row, skip):
    try:
        return checksum(tokenizer.decode(row, skip_special_tokens=skip).encode())
    except BaseException as error:
        # The library has no answer: `Strip` at the end of an empty text is out of its bounds.
        assert type(error).__name__ == "PanicException", error
        return "..."


def has_classes(kind):
    """Whether a regular expression asks what category a scalar is of."""
    definition = json.dumps(kind["fields"])
    return any(word in definition for word in ("\\\\p{", "\\\\w", "\\\\d", "\\\\b"))


def answered(name, kind):
    root = completed(kind)
    tokenizer = Tokenizer.from_str(json.dumps(root))
    bare = Tokenizer.from_str(json.dumps({**root, "post_processor": None}))
    old = has_classes(kind)
    # Without a decoder the library spells bytes as letters; here the pre-tokenizer decodes them.
    decoder = tokenizer
    if root["decoder"] is None and (root["pre_tokenizer"] or {}).get("type") == "ByteLevel":
        decoder = Tokenizer.from_str(json.dumps({**root, "decoder": byte_level()}))
    numbers = range(0, len(TEXTS) - (YOUNG if old else 0), kind["every"])
    ids = {i: tokenizer.encode(TEXTS[i], add_special_tokens=False).ids for i in numbers}
    limit = max(tokenizer.get_vocab().values()) + 4
    rows = [[value % (limit if i % 2 else min(limit, 270)) for value in row] for i, row in enumerate(ROWS)]
    places = [offsets(bare, TEXTS[i]) for i in numbers if i % 5 == 0]
    assert places.count("...") < len(places) * 0.6, (name, places.count("..."), len(places))
    full = [i for i in numbers if i == 240]
    result = {
        **{key: value for key, value in kind.items() if value not in ({}, [], 0) and key != "offsets" and (key, value) != ("every", 1)}, "old": old, "limit": limit,
        "ids": "".join(checksum(ids[i]) for i in numbers), "full": [ids[i][:30] for i in full],
        "offsets": "".join(places), "decoded": "".join(decoded(decoder, row, skip) for skip in (False, True) for row in rows)}
    if not kind["offsets"]:
        del result["offsets"]
    if root["post_processor"]:
        result["special"] = "".join(checksum(tokenizer.encode(TEXTS[i]).ids) for i in numbers if i % 10 == 0)
    unknown = root["model"].get("unk_id", root["model"].get("unk_token"))
    unknown = tokenizer.token_to_id(unknown) if isinstance(unknown, str) else unknown
    every = [id for row in ids.values() for id in row]
    share = every.count(unknown) / len(every)
    print(f"{name:40} {len(every):6} ids, {share:4.0%} unknown, {places.count('...')} of {len(places)} offsets left out, {result['decoded'].count('...')} panics{', old' if old else ''}")
    assert share < 0.9, name
    return result


def write(name, value):
    path = HERE / name
    if isinstance(value, dict) and name != "texts.json":
        text = "{\n" + ",\n".join(json.dumps(key) + ":" + json.dumps(part, ensure_ascii=False, separators=(",", ":")) for key, part in value.items()) + "\n}\n"
    else:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"
    path.write_text(text, encoding="utf-8")
    print(path, path.stat().st_size)
    assert path.stat().st_size < 150_000


if __name__ == "__main__":
    groups = {name: {key: answered(key, part) for key, part in group.items()} for name, group in (("bytes", BYTES), ("pieces", PIECES), ("stages", STAGES))}
    seen = {}
    answers = ("limit", "ids", "full", "offsets", "decoded", "special")
    for group in groups.values():
        for name, answer in group.items():
            same = seen.setdefault((answer.get("every"), *(json.dumps(answer.get(key)) for key in answers)), name)
            if same != name:
                print(f"{name} is as {same}")
                for key in answers:
                    answer.pop(key, None)
                answer["same"] = same
            elif group is groups["stages"] and "decoder" not in answer.get("fields", {}):
                del answer["decoded"]
    print(sum(map(len, groups.values())), "kinds")
    write("texts.json", {"texts": TEXTS, "young": YOUNG, "rows": ROWS})
    write("bases.json", {**BASES, "charsmap": CHARSMAP})
    for name, group in groups.items():
        write(f"{name}.json", group)
