"""Makes words.json: the words into which pre-tokenizers of the Hugging Face `tokenizers` library cut hostile texts, a checksum
over all texts for each, and for the first ten texts the words themselves.

The texts hold scalars of every general category, also of the youngest Unicode.

usage: python make_pretokenizers.py     (needs `pip install tokenizers`; made with 0.23.3)
"""
import json
import random
import unicodedata
from pathlib import Path

from tokenizers import Regex, pre_tokenizers

HERE = Path(__file__).resolve().parent
RND = random.Random(5)
CATEGORIES = {}
for code in range(0x110000):
    if not 0xD800 <= code <= 0xDFFF:
        CATEGORIES.setdefault(unicodedata.category(chr(code)), []).append(code)
PARTS = [
    "'s", "'LL", "'Re", "'\u017f", "e\u0301", "\u0301", "\u0308", "ǅ", "ʰ", "ª", "İ", "ß", "\u017f", "\u212a", "  ", "\n\n", "\r\n", "abc", "ABC",
    "AbC", "aBC", "ABc", "123", "1234", "//", "\u200d", "👩\u200d👩\u200d👧", "½", "²", "Ⅷ", "١٢", "ｱ", "ァー", "한국", "नमस्ते", "עברית", "العربية",
]


def scalar():
    kind = RND.random()
    if kind < 0.35:
        return RND.choice("abcXYZ '’sStTrReEvVlLdDmM0123456789 \n\r\t .,!?/\\-_()[]{}\"$+<=>^~|`#%&*:;@")
    if kind < 0.45:
        return RND.choice(" \n\r\t  \u00a0\u3000\u2028\u0085")
    if kind < 0.55:
        return RND.choice("一二三你好ぁアー龥的ㄅ")
    if kind < 0.7:
        return RND.choice(PARTS)
    return chr(RND.choice(CATEGORIES[RND.choice(list(CATEGORIES))]))


TEXTS = ["".join(scalar() for _ in range(RND.randint(1, 40))) for _ in range(250)]


def split(expression, behavior="isolated", invert=False):
    return pre_tokenizers.Split(Regex(expression), behavior, invert)


def byte_level(**options):
    return pre_tokenizers.ByteLevel(**{"add_prefix_space": False, "use_regex": False, **options})


COMMON = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
LLAMA = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}" + COMMON
POSSESSIVE = r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"
TIKTOKEN = r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s"
DEEPSEEK = (
    r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*"""
    r"|\s*[\r\n]+|\s+(?!\S)|\s+")


def cased(contractions, digits, letters="", end="/"):
    upper, lower = rf"[\p{{Lu}}\p{{Lt}}\p{{Lm}}\p{{Lo}}\p{{M}}{letters}]", rf"[\p{{Ll}}\p{{Lm}}\p{{Lo}}\p{{M}}{letters}]"
    return (
        rf"[^\r\n\p{{L}}\p{{N}}]?{upper}*{lower}+{contractions}|[^\r\n\p{{L}}\p{{N}}]?{upper}+{lower}*{contractions}|{digits}"
        rf"| ?[^\s\p{{L}}\p{{N}}]+[\r\n{end}]*|\s*[\r\n]+|\s+(?!\S)|\s+")


CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
KINDS = {
    "llama-3": split(LLAMA), "possessive cl100k": split(POSSESSIVE), "tiktoken's cl100k": split(TIKTOKEN),
    "o200k": split(cased(CONTRACTIONS, r"\p{N}{1,3}")), "tekken": split(cased("", r"\p{N}")),
    "kimi": split(r"[\p{Han}]+|" + cased(CONTRACTIONS, r"\p{N}{1,3}", r"&&[^\p{Han}]", "")),
    "deepseek": pre_tokenizers.Sequence([split(r"\p{N}{1,3}"), split("[一-龥\u3040-ゟ゠-ヿ]+"), split(DEEPSEEK), byte_level()]),
    "deepseek alone": split(DEEPSEEK), "bloom": pre_tokenizers.Sequence([split(r" ?[^(\s|[.,!?…。，、।۔،])]+"), byte_level()]),
    "falcon": pre_tokenizers.Sequence([
        pre_tokenizers.Punctuation("contiguous"), byte_level(use_regex=True), pre_tokenizers.Digits(False), split("[0-9][0-9][0-9]")]),
    "clip": split(r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+", "removed", True),
    "words": split(r"\w+|[^\w\s]+"), "not words": split(r"\W+\d?|\D"), "words of ASCII": split(r"(?W:\w+)"), "bounds": split(r"\b"),
    "any end": split(r"$|^a"), "look behind": split(r"(?<=[a-z])(?=[A-Z])"), "no match": split(r"(?!)"),
    "empty text": pre_tokenizers.Split("", "isolated"), "several spaces": split(" {2,}", "removed"), "white space": split(r"\s+", "merged_with_next"),
    "numbers": split(r"\p{N}", "merged_with_previous"), "three digits": split("[0-9][0-9][0-9]", "contiguous"),
    "Whitespace": pre_tokenizers.Whitespace(), "WhitespaceSplit": pre_tokenizers.WhitespaceSplit(), "Bert": pre_tokenizers.BertPreTokenizer(),
    "UnicodeScripts": pre_tokenizers.UnicodeScripts(), "CharDelimiterSplit": pre_tokenizers.CharDelimiterSplit("a"),
    "FixedLength": pre_tokenizers.FixedLength(3), "Digits": pre_tokenizers.Digits(False), "Digits alone": pre_tokenizers.Digits(True),
    "ByteLevel": byte_level(add_prefix_space=True, use_regex=True), "Metaspace": pre_tokenizers.Metaspace(),
    "ByteLevel twice": pre_tokenizers.Sequence([byte_level(), byte_level(use_regex=True)]),
    "sequences": pre_tokenizers.Sequence([
        pre_tokenizers.Sequence([split(r"\p{S}")]), pre_tokenizers.Sequence([pre_tokenizers.Digits(True), byte_level(add_prefix_space=True)])]),
    "albert": pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()]),
    "never": pre_tokenizers.Metaspace(prepend_scheme="never", split=False), "first": pre_tokenizers.Metaspace(replacement="é", prepend_scheme="first"),
}
for behavior in ["removed", "isolated", "merged_with_previous", "merged_with_next", "contiguous"]:
    KINDS[f"Punctuation {behavior}"] = pre_tokenizers.Punctuation(behavior)
    for invert in [False, True]:
        name = f"{behavior}{' inverted' if invert else ''}"
        KINDS[f"space {name}"] = pre_tokenizers.Split(" ", behavior, invert)
        KINDS[f"some {name}"] = split(r"\p{Lu}|[0-9]+", behavior, invert)
        KINDS[f"empty {name}"] = split(r"\d*", behavior, invert)
        KINDS[f"covering {name}"] = split(LLAMA, behavior, invert)


def checksum(data):
    """FNV-1a, 32 bits."""
    value = 0x811C9DC5
    for byte in data:
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return value


kinds = []
for name, pre_tokenizer in KINDS.items():
    words = [[word for word, _ in pre_tokenizer.pre_tokenize_str(text)] for text in TEXTS]
    joined = "\x02".join("\x01".join(row) for row in words)
    kinds.append({
        "name": name, "pre_tokenizer": json.loads(pre_tokenizer.__getstate__()), "checksum": checksum(joined.encode()), "first": words[:5]})
path = HERE / "words.json"
path.write_text(json.dumps({"texts": TEXTS, "kinds": kinds}, ensure_ascii=True, separators=(",", ":")) + "\n", encoding="utf-8")
print(path, path.stat().st_size, len(kinds))
