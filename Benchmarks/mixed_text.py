"""Makes a text of many languages, of code and of numbers, by a fixed rule: two machines encode the same.

Words are made of syllables, and are as unequally frequent as words are (Zipf), so that a tokenizer meets both words that it has
seen and words that it has not.
"""
import itertools
import random

# For each writing system: how often a paragraph is in it, how many words it has, its syllables, and what parts words.
ENGLISH = [a + b + c for a in "b c d f g h l m n p r s t w st tr pl ch sh th".split() for b in "a e i o u ea ou".split() for c in ["", "n", "r", "s", "t", "ll", "ck"]]
CYRILLIC = [a + b for a in "б в г д ж з к л м н п р с т ст пр".split() for b in "а е и о у я ы".split()]
GREEK = [a + b for a in "β γ δ κ λ μ ν π ρ σ τ στ".split() for b in "α ε η ι ο υ ω ά".split()]
LATIN = [a + b for a in "b c d f g l m n p r s t v z qu ñ ç".split() for b in "a e i o u é è á ö ü ã ê".split()]
ARABIC = [a + b for a in "ب ت ج د ر س ع ف ق ك ل م ن ه و ي".split() for b in ["", "ا", "ي", "و"]]
DEVANAGARI = [a + b for a in "क ख ग च ज त द न प ब म य र ल स ह".split() for b in ["", "ा", "ि", "ी", "ु", "े", "ो", "्"]]
KANA = list("あいうえおかきくけこさしすせそたちつてとなにのはまもやよらりるれをん") + list("アイウカキクスセタツトナニラリルン")
HANGUL = [chr(0xAC00 + (lead * 21 + vowel) * 28 + tail) for lead in range(0, 19, 2) for vowel in (0, 4, 8, 13, 18, 20) for tail in (0, 1, 4, 8, 16, 21)]
HAN = [chr(code) for code in range(0x4E00, 0x4E00 + 18 * 160, 18)] + [chr(code) for code in range(0x4E07, 0x9F00, 31)]
SYSTEMS = [
    (40, 24_000, ENGLISH, " ", (1, 3)), (18, 12_000, HAN, "", (1, 3)), (6, 8_000, LATIN, " ", (1, 4)), (5, 8_000, CYRILLIC, " ", (1, 4)), (2, 4_000, GREEK, " ", (2, 4)),
    (3, 4_000, ARABIC, " ", (1, 3)), (3, 4_000, DEVANAGARI, " ", (1, 3)), (3, 4_000, KANA, "", (1, 4)), (3, 4_000, HANGUL, " ", (1, 3))]
CODE = 17
LINES = [
    "def {a}_{b}({c}, {d}=None):", "    return {a}.{b}({c}[{n}], key=lambda x: x.{d})", "    if {a} is not None and len({b}) > {n}:", "        self.{a} = {b} or \"{c} {d}\"", "# {a} {b} {c}",
    "for (int i = 0; i < {n}; ++i) {{ {a}[i] += {b}({c}); }}", "public static final String {A}{B} = \"{c}\";", "\treturn &{a}->{b}[{n}];", "import {{ {A}, {B} }} from './{c}/{d}';",
    "<div class=\"{a}-{b}\" id=\"{c}\">{A} {d}</div>", "SELECT {a}, COUNT(*) FROM {b} WHERE {c} = '{d}' LIMIT {n};", "| {a} | {n}.{m} | `{b}` |", "assert {a}({n}) == {m}  // {b}", "}}", ""]


class Words:
    """The words of a writing system, the n-th 1/n as frequent as the first."""

    def __init__(self, rnd, count, syllables, length):
        self.words = list(dict.fromkeys("".join(rnd.choices(syllables, k=rnd.randint(*length))) for _ in range(count)))
        self.weights = list(itertools.accumulate(1 / (rank + 2) for rank in range(len(self.words))))

    def choose(self, rnd, count):
        return rnd.choices(self.words, cum_weights=self.weights, k=count)


def sentence(rnd, words, gap):
    chosen = words.choose(rnd, rnd.randint(4, 22))
    if gap:
        chosen[0] = chosen[0].capitalize()
        for index in range(len(chosen)):
            chance = rnd.random()
            if chance < 0.03:
                chosen[index] += rnd.choice(["'s", "'t", "'re", "'ll", "’s"])
            elif chance < 0.06:
                chosen[index] = str(rnd.randrange(10 ** rnd.randint(1, 6)))
            elif chance < 0.1:
                chosen[index] += rnd.choice([",", ";", ":", " —", ")"])
            elif chance < 0.13:
                chosen[index] = chosen[index].capitalize()
        return gap.join(chosen) + rnd.choice([".", ".", ".", "?", "!", "…", "."])
    for index in range(0, len(chosen), 5):
        chosen[index] += rnd.choice(["，", "、", "", "", str(rnd.randrange(2030))])
    return "".join(chosen) + rnd.choice("。。。！？")


def code(rnd, words):
    lines = []
    for _ in range(rnd.randint(3, 14)):
        a, b, c, d = words.choose(rnd, 4)
        lines.append(rnd.choice(LINES).format(a=a, b=b, c=c, d=d, A=a.capitalize(), B=b.capitalize(), n=rnd.randrange(1000), m=rnd.randrange(100)))
    return "\n".join(lines)


def paragraphs(size):
    rnd = random.Random(7)
    systems = [(Words(rnd, count, syllables, length), gap) for _, count, syllables, gap, length in SYSTEMS]
    shares = [share for share, *_ in SYSTEMS] + [CODE]
    written = 0
    while written < size:
        choice = rnd.choices(range(len(shares)), shares)[0]
        if choice == len(systems):
            paragraph = code(rnd, systems[0][0])
        else:
            words, gap = systems[choice]
            paragraph = (" " if gap else "").join(sentence(rnd, words, gap) for _ in range(rnd.randint(1, 6)))
        written += len(paragraph.encode()) + 1
        yield paragraph


def make(path, megabytes):
    with open(path, "w", encoding="utf-8") as file:
        for paragraph in paragraphs(int(megabytes * 1e6)):
            file.write(paragraph + "\n")
