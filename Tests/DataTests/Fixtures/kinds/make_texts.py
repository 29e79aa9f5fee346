"""Texts on which tokenizers of different kinds part (made with Python 3.11, whose `unicodedata` is 14.0), and rows of numbers that become ids.

`TEXTS` holds 400 of them, the last `YOUNG` of which have scalars whose general category changed between Unicode 13 and 16: the
regular expressions of the `tokenizers` library know the younger, those of a system's Oniguruma perhaps the older.
"""
import random
import unicodedata

# Scalars of another general category in Unicode 16 than in Unicode 13.
CHANGED = (
    "61D 870-88E 890-891 897-89F 8B5 8C8-8D2 C3C C5D CDD CF3 ECE 170D 1715 171F 1734 180F 1AC1-1ACE 1B4C 1B4E-1B4F 1B7D-1B7F 1C89-1C8A 1DFA 20C0 "
    "2427-2429 2C2F 2C5F 2E53-2E5D 2FFC-2FFF 31E4-31E5 31EF 9FFD-9FFF A7C0-A7C1 A7CB-A7CD A7D0-A7D1 A7D3 A7D5-A7DC A7F2-A7F4 FBC2 FD40-FD4F FDCF "
    "FDFE-FDFF 10570-1057A 1057C-1058A 1058C-10592 10594-10595 10597-105A1 105A3-105B1 105B3-105B9 105BB-105BC 105C0-105F3 10780-10785 "
    "10787-107B0 107B2-107BA 10D40-10D65 10D69-10D85 10D8E-10D8F 10EC2-10EC4 10EFC-10EFF 10F70-10F89 11070-11075 110C2 1123F-11241 11380-11389 "
    "1138B 1138E 11390-113B5 113B7-113C0 113C2 113C5 113C7-113CA 113CC-113D5 113D7-113D8 113E1-113E2 116B9 116D0-116E3 1171E 11740-11746 "
    "11AB0-11ABF 11B00-11B09 11BC0-11BE1 11BF0-11BF9 11F00-11F10 11F12-11F3A 11F3E-11F5A 12F90-12FF2 1342F 13439-13455 13460-143FA 16100-16139 "
    "16A70-16ABE 16AC0-16AC9 16D40-16D79 18CFF 1AFF0-1AFF3 1AFF5-1AFFB 1AFFD-1AFFE 1B11F-1B122 1B132 1B155 1CC00-1CCF9 1CD00-1CEB3 1CF00-1CF2D "
    "1CF30-1CF46 1CF50-1CFC3 1D1E9-1D1EA 1D2C0-1D2D3 1DF00-1DF1E 1DF25-1DF2A 1E030-1E06D 1E08F 1E290-1E2AE 1E4D0-1E4F9 1E5D0-1E5FA 1E5FF "
    "1E7E0-1E7E6 1E7E8-1E7EB 1E7ED-1E7EE 1E7F0-1E7FE 1F6DC-1F6DF 1F774-1F776 1F77B-1F77F 1F7D9 1F7F0 1F8B2-1F8BB 1F8C0-1F8C1 1F979 1F9CC "
    "1FA75-1FA77 1FA7B-1FA7C 1FA87-1FA89 1FA8F 1FAA9-1FAAF 1FAB7-1FABF 1FAC3-1FAC6 1FACE-1FACF 1FAD7-1FADC 1FADF-1FAE9 1FAF0-1FAF8 1FBCB-1FBEF "
    "2A6DE-2A6DF 2B735-2B739 2EBF0-2EE5D 31350-323AF"
)
CHANGED_RANGES = [range(int(part.split("-")[0], 16), int(part.split("-")[-1], 16) + 1) for part in CHANGED.split()]
CHANGED_SCALARS = {scalar for scalars in CHANGED_RANGES for scalar in scalars}

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
# What the kinds have as added tokens, and what looks like one.
TOKENS = SPECIAL + ["<s>", "</s>", "<unk>", "<pad>", "<mask>", "[CLS]", "[SEP]", "[MASK]", "[UNK]", "[PAD]", "<extra_id_0>", "<start_of_turn>", "<bos>",
                    "<|startoftext|>", "  ", "\n\n", "<0x0A>", "<|im_start", "</w>", "##", "en_XX"]
SPACES = " \t\n\r\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\u180e\u200b\ufeff\u2060"
ENDS = ["\r", "\n", "\r\n", "\x85", "\u2028", "\u2029", "\x0b", "\x0c", "\n\r", "\n\n"]
MARKS = "\u0300\u0301\u0302\u0303\u0308\u030a\u0323\u0327\u0328\u0331\u0334\u0338\u0345\u0483\u0488\u0591\u05b0\u064b\u0651\u0670\u093c\u094d\u093e\u0e31\u0e49\u0f71\u0f74\u1037\u135f\u1ab0\u20dd\u20e3\u302a\u3099\ufe20\U0001d165"
LETTERS = "aeoucnsAEOUCNSxyzklmßſ\u212a\u212bøıİŒǅʰªäéﬁ"
OTHERS = "αβγΩабвЯאבגדابتثनमसত্যกขคགངཅကខაბგⴀᏣᏤហខᠠᡀあいうアイウｱｲｶﾞ가각한한的一二三龥龦㐀\uf900\U0002f800𠀀𪛔𝔘𝟘𐐀𐎀𒀀Ⅷⅰⓐ㊀㎨㍿ﷺﬃ"
DIGITS = "0123456789٠١٢۳०१२๓༤၅០᠑０１９𝟘𝟙²³¹½¼ⅷ①㊿𐒠〇零一"
PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~¡§«»¿…‘’“”–—•‰′€£¥₹©®™°±×÷←→∑√∞≠■●★☃、。〈〉《》「」【】！？，．：；（）～｜・،؛؟।॥־፧᠃⸮⁂﷼"
EMOJI = ["😀", "👍🏽", "👩‍👩‍👧‍👦", "🏳️‍🌈", "🇨🇳", "🇺🇸🇩", "❤️", "1️⃣", "🧑🏿‍🚀", "\u200d", "\ufe0f", "\U0001f3fd", "🤖", "\U000e0067\U000e007f"]
CONTRACTIONS = ["'s", "'S", "'t", "'T", "'re", "'RE", "'rE", "'ve", "'VE", "'m", "'M", "'ll", "'LL", "'lL", "'d", "'D", "'\u017f", "'K", "'\u212a", "’s", "'x", "'l", "'r",
                "n't", "''", "``", "'S'T"]
CODE = ["def f(x):\n    return x ** 2  # done\n", "for (int i = 0; i < 10; ++i) { a[i] += 1; }\r\n", "class A:\n\tpass\n\n\n", "x = {'a': [1, 2, 3]}", "<div class=\"a\">&nbsp;</div>\n",
        "SELECT * FROM t WHERE a='b';", "if (!a && b || c) return -1;", "https://www.example.com/a?b=1&c=2#d", "a_b.c::d->e", "snake_case camelCase PascalCase HTTPServer2",
        "0x1F600 1e-9 3.14 1,234,567.89", "\\frac{1}{2} $x^2$", "/* * */ // ---- ####", "import os, sys\nprint(f'{x!r}')\n", "a += b;\t// c\n", "[INST] <<SYS>> [/INST]"]
WORDS = ("the quick brown fox jumps over lazy dog. Don't panic; we're here, they've gone, I'll stay. model tokens merge naïve café Straße señor façade привет мир "
         "你好，世界！ 今天的天气很好。 数字 안녕하세요 שלום مرحبا नमस्ते สวัสดี こんにちは GPT HTTPServer iPhone Hello WORLD").split(" ")
RTL = ["שָׁלוֹם", "مَرْحَبًا", "\u200fאב\u200e", "\u202babc\u202c", "\u2067x\u2069", "لا", "ﻻ", "אבג 123", "٣٫١٤"]

FIXED = [
    "", " ", "  ", "\n", "\t", "\r\n", "a", "A", "▁", "▁▁", " ▁ ", "'", "''", "``", "\x00", "\x7f", "\x80\x9f", "\u00ad", "\u200b", "\ufeff", "\ufffd", "\uffff\U0010ffff", "\ue000\U000f0000",
    "Hello, world!", " Hello  world ", "Hello, y'all! How are you 😁 ?", "你好，世界！今天的天气很好。", "I'll go; they're here, we've won, don't. I'D 'S 'LL 'ſ '\u212a",
    "  two  spaces\tand\ttabs\n\nnewlines \n ", "\u3000全角　空格\u3000", "数字 123,456.78 and 1024 2024 00001 1234567", "émigré naïve café — “quotes” …", "e\u0301migre\u0301 o\u0323\u0302 \u0302\u0323o",
    "\u0301\u0301\u0301 lone", "a\u0300\u0316\u0301\u0327\u0334", "한국어 텍스트 \u1112\u1161\u11ab\u1100\u116e\u11a8", "カﾞｶﾞ が か\u3099", "नमस्ते दुनिया ক্ষ கூ", "ก็ทำได้", "བོད་སྐད།",
    "\u0130stanbul \u0131 ΑΣ Σ ς ẞ ǅ ŉ ﬃ ﷺ", "Ⅷ ⅷ ½ ² ① ㎨ ㍿ ™ ﬁn", "ＡＢＣａｂｃ１２３！", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𝟘𝟙𝟚", "x" * 300, "的" * 120, " " * 70, "ab" * 90, "\n" * 20 + "x", "a" + " " * 33 + "b", "é" * 60,
    "e\u0301" * 60, "9" * 100, "!" * 100, "\t" * 17 + "x", "\r\n" * 9, "👍🏽" * 20, "\u0301" * 40, "xy " * 40, "A" * 101, "a" * 99, "'s" * 30, "<s>" * 12, "\x00" * 8, "😀" * 30,
    "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n", "<|endoftext|>a<|endoftext|> b <|endoftext|>", "a<mask>b", "a <mask> b", "a  [MASK]  b[MASK]", "<s> a </s><s>b</s>",
    "<extra_id_0>x <extra_id_0> y", "x</s>", "</s>x", "[CLS] a [SEP]", "[cls] A [Sep]", "<start_of_turn>user\n\nx\n\n\n", "<|startoftext|>a<|endoftext|>", "<S><UNK><unk>", "\ufeff<s>", "<s>\u0301",
    "\"quoted\" 'single' ``latex'' (a) [b] {c}", "1.5 10,000 3/4 50% $9.99 #1 a@b.c", "C++ C# F# .NET node.js", "do n't can 't I 'm", "hello , world . how ' s it ?", "a . b ! c ? d n't",
    "日本語のテキスト、カタカナー。", "林檎とApple りんご", "ABC123def456ГДЕ", "中文english中文123中文", "Ünïcödé ÅNGSTRÖM \u212b \u2126 \u1fd3 \uf900", "ЁЖИК ёжик Й", "Việt Nam tiếng", "ŁÓDŹ łódź", "ΆΈ άέ ᾳ",
    "\u2028\u2029\x85 \x0b\x0c x", "a\u00a0b\u202fc\u2007d", "a\u200db\u200cc", "\U0001f1e8\U0001f1f3\U0001f1fa", "a\ufe0fb\u20e3", "\U000e0001\U000e0061", "\ud7ff\ue000",
    "".join(SPACES), " ".join(CONTRACTIONS), PUNCTUATION, DIGITS, OTHERS, " ".join(DIGITS), "a".join(PUNCTUATION),
]


def scalars_by_category():
    """All scalars but the changed, unassigned ones too."""
    kinds = {}
    for code in range(0x110000):
        if not 0xD800 <= code <= 0xDFFF and code not in CHANGED_SCALARS:
            kinds.setdefault(unicodedata.category(chr(code)), []).append(code)
    return {kind: kinds[kind] for kind in sorted(kinds)}


KINDS = scalars_by_category()


def anything(rnd):
    """A scalar of a general category at random, else of a plane at random."""
    if rnd.random() < 0.7:
        return chr(rnd.choice(KINDS[rnd.choice(list(KINDS))]))
    while True:
        code = rnd.randrange(rnd.choice([0x250, 0x3000, 0x10000, 0x20000, 0x110000]))
        if not 0xD800 <= code <= 0xDFFF and code not in CHANGED_SCALARS:
            return chr(code)


def piece(rnd, weights):
    kind = rnd.choices(range(12), weights)[0]
    if kind == 0:
        return rnd.choice(["", " ", " ", "  "]) + rnd.choice(WORDS)
    if kind == 1:
        return rnd.choice(LETTERS + OTHERS)
    if kind == 2:
        return rnd.choice(LETTERS) + "".join(rnd.choices(MARKS, k=rnd.randint(1, 4)))
    if kind == 3:
        return "".join(rnd.choices(DIGITS, k=rnd.randint(1, 5)))
    if kind == 4:
        return "".join(rnd.choices(SPACES, k=rnd.randint(1, 3)))
    if kind == 5:
        return rnd.choice(ENDS)
    if kind == 6:
        return "".join(rnd.choices(PUNCTUATION, k=rnd.randint(1, 3)))
    if kind == 7:
        return rnd.choice(EMOJI)
    if kind == 8:
        return rnd.choice(CONTRACTIONS)
    if kind == 9:
        return rnd.choice(TOKENS)
    if kind == 10:
        return rnd.choice(RTL)
    return anything(rnd)


def random_texts(seed, count):
    rnd = random.Random(seed)
    result = []
    number = 0
    while len(result) < count:
        number += 1
        # In turn all sorts together, and a few sorts alone, where what follows what is met more often.
        weights = [3, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2]
        if number % 2:
            weights = [1 if rnd.random() < 0.3 else 0 for _ in weights]
            weights[rnd.randrange(len(weights))] = 1
        text = "".join(piece(rnd, weights) for _ in range(rnd.randint(1, 32)))
        if text not in result and text not in FIXED:
            result.append(text)
    return result


def young_texts(seed, count):
    rnd = random.Random(seed)

    def young():
        return chr(rnd.choice(rnd.choice(CHANGED_RANGES)))

    def text():
        return young() + "".join(young() if rnd.random() < 0.4 else piece(rnd, [2, 1, 1, 1, 1, 0, 1, 0, 1, 0, 0, 1]) for _ in range(rnd.randint(3, 24)))

    return [text() for _ in range(count)]


YOUNG = 30
TEXTS = FIXED + CODE + random_texts(1, 400 - YOUNG - len(FIXED) - len(CODE)) + young_texts(2, YOUNG)
assert len(TEXTS) == len(set(TEXTS)) == 400
assert not any(ord(c) in CHANGED_SCALARS for text in TEXTS[:-YOUNG] for c in text)
assert all(any(ord(c) in CHANGED_SCALARS for c in text) for text in TEXTS[-YOUNG:])
_RND = random.Random(3)
ROWS = [[_RND.randrange(1 << 12) for _ in range(_RND.randint(0, 16))] for _ in range(60)]
