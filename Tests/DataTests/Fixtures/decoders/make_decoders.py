"""Makes decoders and post-processors of all kinds, and what `tokenizers` and `transformers` do with them.

base.json        a `tokenizer.json` whose vocabulary has tokens of all kinds of vocabularies; text is cut into characters
decoders.json    decoders, alone and in sequences, with checksums of the decodings of rows of ids at random, with special
                 tokens and without, and the first ones in full. A row for which the library stops the program has none.
                 Some of them have a configuration, and are decoded by `transformers`
processors.json  post-processors with the ids of texts, or the library's refusal; and `transformers` with the switches
                 of tokenizer_config.json

usage: python make_decoders.py   (needs `pip install transformers tokenizers`; made with 5.24.0 and 0.23.3)
"""
import json
import logging
import os
import random
import tempfile
from pathlib import Path

from tokenizers import Tokenizer
from transformers import AutoTokenizer

logging.disable(logging.WARNING)
HERE = Path(__file__).resolve().parent
TOKENS = [
    "a", "b", "c", "x", "é", "中", "🎉", "▁", "_", " ", "|", ".", ",", "?", "!", "'", "▁▁", "  ", "   ", "aa", "aaa", "ab", "aba", "xx",
    "▁Hello", "▁world", "lo▁there▁", "_under_", " a", "a ", " a ", "the", "dog", "##ing", "##", "##s##", "#", "ing</w>", "</w>", "a</w>b</w>",
    "</w", "n't", "'m", "'s", "'ve", "'re", "do not", " do not", " .", "a .b ,c", "' ", "<0xE4>", "<0xBD>", "<0xA0>", "<0x0A>", "<0x41>",
    "<0xFF>", "<0xf0>", "<0x+1>", "<0x-0>", "<0xG0>", "<0x411>", "<0x4>", "Ġthe", "Ċ", "Ġ", "ä½ł", "ä", "½", "ł", "ðŁİī", "ðŁ", "İ", "ÿ", "í", "Ã©",
    "<pad>", "a<pad>b", "h", "e", "l", "o", "▁a b", "Ġ中", "abaababa", "▁<0x41>", "é▁é", "\n", "T", "LOUDĠ", "<unk>",
]
ADDED = [
    {"content": "<s>", "special": True, "normalized": False}, {"content": "</s>", "special": True, "normalized": False},
    {"content": "<New>", "special": False, "normalized": False}, {"content": "<LOUD▁É>", "special": False, "normalized": True},
    {"content": "the", "special": True, "normalized": False}, {"content": "Ġ<Ġ>", "special": False, "normalized": False},
]
BASE = {
    "version": "1.0", "truncation": None, "padding": None,
    "added_tokens": [{"id": TOKENS.index("the") if token["content"] == "the" else len(TOKENS) + min(i, 4), "single_word": False, "lstrip": False,
                      "rstrip": False, **token} for i, token in enumerate(ADDED)],
    "normalizer": {"type": "Lowercase"}, "pre_tokenizer": None, "post_processor": None, "decoder": None,
    "model": {"type": "BPE", "dropout": None, "unk_token": "<unk>", "continuing_subword_prefix": None, "end_of_word_suffix": None,
              "fuse_unk": False, "byte_fallback": False, "ignore_merges": False, "vocab": {token: i for i, token in enumerate(TOKENS)}, "merges": []},
}
BASE["added_tokens"].sort(key=lambda token: token["id"])
RND = random.Random(5)
SIZE = len(TOKENS) + len(ADDED)


def row(index):
    """Ids at random: of all tokens, of bytes, of the byte-level alphabet, or of spaces and letters."""
    first = [0, TOKENS.index("<0xE4>"), TOKENS.index("Ġthe"), 0][index % 4]
    last = [SIZE + 2, TOKENS.index("<0x4>"), TOKENS.index("Ã©") + 1, TOKENS.index("xx") + 1][index % 4]
    row = [RND.randrange(first, last) if RND.random() < 0.9 else RND.randrange(SIZE + 2) for _ in range(RND.randint(1, 14))]
    return [id for id in row for _ in range(2 if RND.random() < 0.1 else 1)]


ROWS = [[], [7], [TOKENS.index(token) for token in ("<0xE4>", "<0xBD>", "<0xA0>", "a", "<0xE4>", "<0xBD>")],
        [TOKENS.index(token) for token in ("ðŁ", "İ", "ī" if "ī" in TOKENS else "½", "Ġthe")]] + [row(i) for i in range(24)]


def checksum(numbers):
    """FNV-1a, 32 bits."""
    value = 0x811C9DC5
    for i in numbers:
        value = (value ^ i) * 0x01000193 & 0xFFFFFFFF
    return value


def write(name, value):
    path = HERE / name
    path.write_text(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
    print(path, path.stat().st_size)


def silently(function):
    """The result, or None where the library refuses or stops; it then writes where it was."""
    saved, null = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    try:
        return function()
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        return None
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(null)


# Decoders.
BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}
FALLBACK = {"type": "ByteFallback"}
FUSE = {"type": "Fuse"}


def metaspace(mark="▁", **fields):
    return {"type": "Metaspace", "replacement": mark, **fields}


def word_piece(prefix="##", cleanup=True):
    return {"type": "WordPiece", "prefix": prefix, "cleanup": cleanup}


def bpe(suffix="</w>"):
    return {"type": "BPEDecoder", "suffix": suffix}


def ctc(pad="<pad>", delimiter="|", cleanup=True):
    return {"type": "CTC", "pad_token": pad, "word_delimiter_token": delimiter, "cleanup": cleanup}


def replace(pattern, content):
    return {"type": "Replace", "pattern": {"String": pattern}, "content": content}


def matches(pattern, content):
    return {"type": "Replace", "pattern": {"Regex": pattern}, "content": content}


def strip(content=" ", start=1, stop=0):
    return {"type": "Strip", "content": content, "start": start, "stop": stop}


def sequence(*steps):
    return {"type": "Sequence", "decoders": list(steps)}


SPACES = replace("▁", " ")
SINGLE = [
    None, BYTE_LEVEL, metaspace(), metaspace(prepend_scheme="first"), metaspace(prepend_scheme="always", add_prefix_space=True, split=False),
    metaspace(prepend_scheme="never", add_prefix_space=False), metaspace("_", prepend_scheme="never"), metaspace("a"), metaspace("🎉", str_rep="🎉"),
    word_piece(), word_piece(cleanup=False), word_piece("", True), word_piece("a", False), bpe(), bpe("a"), bpe(""), bpe("aba"), ctc(),
    ctc(cleanup=False), ctc("a", "b"), ctc("", ""), ctc("aba", "中"), SPACES, replace("aba", "X"), replace("a", "é中"), replace("", "-"),
    replace("  ", ""), replace("</w>", " "), matches("a+", "<>"), matches("▁|_", " "), matches("b*", "-"), matches("\\s+", " "), FALLBACK, FUSE,
    strip(), strip("a", 2, 0), strip("a", 0, 1), strip("▁", 1, 1), strip("中", 9, 9), strip(" ", 0, 0), sequence(), sequence(sequence()),
    {"suffix": "</w>"}, {"prefix": "##", "cleanup": True}, {"pad_token": "<pad>", "word_delimiter_token": "|", "cleanup": True},
    {"pattern": {"String": "a"}, "content": "b"}, {"content": "a", "start": 1, "stop": 0}, {"type": "Fuse", "more": 1},
]
PUBLISHED = [
    sequence(SPACES, FALLBACK, FUSE, strip()),  # Llama 2
    sequence(strip("▁"), SPACES, FALLBACK, FUSE), sequence(SPACES, FALLBACK, strip(), FUSE),  # Yi's
    sequence(SPACES, FALLBACK, FUSE),  # Gemma
    sequence(FALLBACK, metaspace()), sequence(metaspace(), FALLBACK), sequence(FALLBACK, FUSE, replace("▁", " ")), sequence(BYTE_LEVEL),
    sequence(bpe(), BYTE_LEVEL), sequence(BYTE_LEVEL, bpe()), sequence(BYTE_LEVEL, replace("</w>", " "), strip(" ", 0, 1)),  # with a suffix
    sequence(replace("##", ""), FUSE, strip()), sequence(word_piece(), strip()), sequence(ctc(), FUSE, strip("a", 1, 2)),
    sequence(metaspace(), FUSE, strip(" ", 1, 1)), sequence(replace("_", " "), matches(" +", " "), FUSE, matches(" +", "  ")),
    sequence(sequence(sequence(SPACES), sequence(FALLBACK)), sequence(FUSE, sequence(strip()))),
]


def step():
    return RND.choice([
        BYTE_LEVEL, FALLBACK, FUSE, metaspace(RND.choice("▁_a"), prepend_scheme=RND.choice(["never", "first", "always"])),
        word_piece(RND.choice(["##", "a", ""]), RND.random() < 0.5), bpe(RND.choice(["</w>", "a", "ab", ""])),
        ctc(RND.choice(["<pad>", "a", ""]), RND.choice("|_b"), RND.random() < 0.7),
        replace(RND.choice(["▁", "a", "ab", "aba", " ", "é", "##", "<", "", "<0x41>"]), RND.choice(["", " ", "a", "▁", "<0x42>", "Ġ", "ä½"])),
        matches(RND.choice(["a|b", "[^a]", "x?", "(?<=a)b", "^a", ".$"]), RND.choice(["", "a", " "])), strip(RND.choice(" a▁"), RND.randint(0, 3), 0),
        strip(RND.choice(" a▁é"), RND.randint(0, 1), RND.randint(0, 2))])


RANDOM = [sequence(*(step() if RND.random() < 0.9 else sequence(step(), step()) for _ in range(RND.randint(2, 5)))) for _ in range(110)]


def decodings(decode):
    """The checksums of the decodings with special tokens and without, or null, and the first ones in full."""
    texts = [[silently(lambda: decode(row, skip)) for skip in (False, True)] for row in ROWS]
    return {"checksums": [None if None in pair else checksum("\0".join(pair).encode()) for pair in texts], "full": texts[:4]}


cases = []
for decoder in SINGLE + PUBLISHED + RANDOM:
    tokenizer = Tokenizer.from_str(json.dumps({**BASE, "decoder": decoder}))
    cases.append({"decoder": decoder, **decodings(lambda row, skip: tokenizer.decode(row, skip_special_tokens=skip))})
# The model is BPE, whose text `transformers` cleans up only where it is told twice.
TWICE = "clean_up_tokenization_spaces_for_bpe_even_though_it_will_corrupt_output"
for settings in [{"clean_up_tokenization_spaces": True}, {"clean_up_tokenization_spaces": True, TWICE: True}, {TWICE: True},
                 {"clean_up_tokenization_spaces": None}]:
    for decoder in [None, SPACES, word_piece(cleanup=False), sequence(BYTE_LEVEL, strip(" ", 0, 2))]:
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "tokenizer.json").write_text(json.dumps({**BASE, "decoder": decoder}))
            settings = {"tokenizer_class": "PreTrainedTokenizerFast", **settings}
            Path(folder, "tokenizer_config.json").write_text(json.dumps(settings))
            tokenizer = AutoTokenizer.from_pretrained(folder)
            known = [[id for id in row if id < len(tokenizer)] for row in ROWS]
            rows = ROWS
            ROWS = known
            cases.append({"decoder": decoder, "settings": settings, **decodings(lambda row, skip: tokenizer.decode(row, skip_special_tokens=skip))})
            ROWS = rows
write("base.json", BASE)
write("decoders.json", {"rows": ROWS, "cases": cases})


# Post-processors.
def special(name, type_id=0):
    return {"SpecialToken": {"id": name, "type_id": type_id}}


def text(name="A", type_id=0):
    return {"Sequence": {"id": name, "type_id": type_id}}


def template(single, pair=None, **tokens):
    tokens = {name: {"id": name, "ids": ids, "tokens": [str(id) for id in ids]} for name, ids in tokens.items()}
    return {"type": "TemplateProcessing", "single": single, "pair": pair or single + [text("B", 1)], "special_tokens": tokens}


def processors(*stages):
    return {"type": "Sequence", "processors": list(stages)}


BERT = {"type": "BertProcessing", "sep": ["[SEP]", 91], "cls": ["[CLS]", 90]}
ROBERTA = {"type": "RobertaProcessing", "sep": ["</s>", 91], "cls": ["<s>", 90], "trim_offsets": True, "add_prefix_space": False}
BOS = template([special("S"), text()], S=[90])
BOTH = template([special("S"), text(), special("E")], [special("S"), text(), special("E"), text("B"), special("E")], S=[90], E=[91])
MANY = template([special("S"), special("E"), text(), special("S")], S=[90, 3, 4], E=[])
VALID = [
    None, BERT, ROBERTA, BYTE_LEVEL, BOS, BOTH, MANY, template([text()]), template([special("S"), text()], S=[123456]), processors(),
    processors(BYTE_LEVEL, BOS), processors(BOS, BYTE_LEVEL), processors(BERT, ROBERTA), processors(BOS, BERT), processors(BOS, ROBERTA),
    processors(BOTH, BERT), processors(BOTH, ROBERTA), processors(BOS, BOS), processors(BOS, BOTH), processors(processors(BERT), processors(BOTH)),
    {key: BERT[key] for key in ("sep", "cls")}, {key: value for key, value in ROBERTA.items() if key != "type"},
    {key: value for key, value in BOTH.items() if key != "type"},
]
# What it cannot read, or where it stops the program, or where the text itself is lost or doubled.
REFUSED = [
    {"type": "BertProcessing", "sep": ["[SEP]", 91]}, {"type": "BertProcessing", "sep": ["[SEP]"], "cls": ["[CLS]", 90]},
    {"type": "BertProcessing", "sep": ["[SEP]", -1], "cls": ["[CLS]", 90]}, {"type": "BertProcessing", "sep": [91, "[SEP]"], "cls": ["[CLS]", 90]},
    {"type": "Sequence"}, {"type": "Nothing"}, {}, [], "BertProcessing", processors({"type": "Nothing"}), template([special("X"), text()], S=[90]),
    template([special("S"), text("B")], S=[90]), template([special("S"), text("C")], S=[90]), processors(BOTH, BOTH), processors(BOS, BOS, BOS, BOS),
    {**BOS, "single": None}, {**BOS, "special_tokens": None}, {**BOS, "special_tokens": {"S": {"id": "S", "tokens": ["S"]}}},
    {**BOS, "special_tokens": {"S": {"id": "S", "ids": ["S"], "tokens": ["S"]}}}, {**BOS, "single": [{"Text": {"id": "A", "type_id": 0}}]},
]
LOST = [template([special("S")], S=[90]), template([special("S"), text(), text()], S=[90]), processors(BOS, template([text()], [text()]))]
TEXTS = ["", "abc", "<s>a</s>", "the dog"]


def encodings(field, texts):
    tokenizer = Tokenizer.from_str(json.dumps({**BASE, "post_processor": field}))
    return [[tokenizer.encode(text, add_special_tokens=adds).ids for text in texts] for adds in (False, True)]


valid = [{"processor": field, "ids": encodings(field, TEXTS)} for field in VALID]
for field in REFUSED:
    # An empty object or list is no processor to the library; it is none of its kinds.
    assert silently(lambda: encodings(field, TEXTS)) is None, field
for field in LOST:
    plain, full = encodings(field, ["abc"])
    assert plain[0] != [0, 1, 2] or full[0].count(1) != 1, field

switched = []
for field in [None, BERT, BOS, BOTH]:
    for settings in [{}, {"add_bos_token": True}, {"add_bos_token": False}, {"add_eos_token": True}, {"add_bos_token": True, "add_eos_token": True},
                     {"add_bos_token": None}, {"add_bos_token": False, "add_eos_token": False}]:
        for tokens in [{"bos_token": "<s>", "eos_token": "</s>"}, {"eos_token": "</s>"}, {"bos_token": "<fresh>", "eos_token": "the"}]:
            with tempfile.TemporaryDirectory() as folder:
                Path(folder, "tokenizer.json").write_text(json.dumps({**BASE, "post_processor": field}))
                config = {"tokenizer_class": "PreTrainedTokenizerFast", **settings, **tokens}
                Path(folder, "tokenizer_config.json").write_text(json.dumps(config))
                tokenizer = AutoTokenizer.from_pretrained(folder)
                switched.append({"processor": field, "settings": config, "ids": [
                    [tokenizer(text, add_special_tokens=adds).input_ids for text in TEXTS] for adds in (False, True)]})
write("processors.json", {"texts": TEXTS, "valid": valid, "refused": REFUSED, "lost": LOST, "switched": switched})
