"""Makes what the benchmark runs on, once, in the build folder: weights, conversations and text.

All of it is made by fixed rules and seeds, so two machines measure the same work.
"""
import json
import random
import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

EXAMPLE = Path(__file__).resolve().parent.parent / "Examples" / "tiny"
SYSTEM = "你是一个运行在普通电脑上的小型语言模型，请简短回答。"
CONVERSATIONS = 96
ANSWER_BYTES = 92
LONG_CONVERSATIONS = 96
QUESTION_UNITS, ANSWER_UNITS = 220, 600  # more than 512 tokens together, under any tokenizer
TEXT_BYTES = 4_000_000

MORE_CHINESE = [
    "我很小，所以在普通的电脑上也能很快地回答你。",
    "我会说一点中文和一点英语。",
    "我是程序，不是人。",
    "你可以问我关于国家、动物和数字的问题。",
    "我由开源社区训练。",
]
MORE_ENGLISH = [
    "I am small, and so I run on your computer.",
    "I speak a little English and a little Chinese.",
    "I am a program and not a human.",
    "I answer short questions on countries, animals and numbers.",
    "The open-source community trained me.",
]


@dataclass(frozen=True)
class Shape:
    dim: int
    layers: int
    heads: int
    kv_heads: int
    vocabulary: int

    def flags(self, vocabulary=False):
        flags = ["--dim", self.dim, "--n_layers", self.layers, "--n_heads", self.heads, "--n_kv_heads", self.kv_heads]
        return [str(flag) for flag in flags + (["--vocab_size", self.vocabulary] if vocabulary else [])]


MINIMIND = Shape(512, 8, 8, 2, 6400)
SMOLLM2 = Shape(576, 30, 9, 3, 49152)


def make_identity(path):
    """Conversations on who the model is: one system message for all, about 82 tokens each, half of them counted."""
    sources = [json.loads(line) for line in (EXAMPLE / "lora_identity.jsonl").read_text("utf-8").splitlines()]
    write_lines(path, (
        json.dumps(identity_conversation(sources, index), ensure_ascii=False) for index in range(CONVERSATIONS)))


def identity_conversation(sources, index):
    question, answer = (turn["content"] for turn in sources[index % len(sources)]["conversations"][:2])
    is_chinese = re.search("[\u4e00-\u9fff]", question) is not None
    if index >= len(sources):
        question = ("你好！" if is_chinese else "Hello! ") + question
    more = MORE_CHINESE if is_chinese else MORE_ENGLISH
    while len(answer.encode()) < ANSWER_BYTES:
        answer += ("" if is_chinese else " ") + more[(index + len(answer)) % len(more)]
    return conversation(question, answer, system=SYSTEM)


def make_first_step(identity, path, size=16):
    """The first batch alone, for a run of one step."""
    with open(identity, encoding="utf-8") as file:
        lines = [line.rstrip("\n") for line in file if line.strip()]
    write_lines(path, lines[:size])


def make_long(path):
    """Conversations that each fill a row of 512 tokens after the cut."""
    chain = TextChain(seed=1)
    write_lines(path, (
        json.dumps(conversation(chain.text(QUESTION_UNITS), chain.text(ANSWER_UNITS)), ensure_ascii=False)
        for _ in range(LONG_CONVERSATIONS)))


def make_text(path):
    """Mixed Chinese and English text, a paragraph a line."""
    chain = TextChain(seed=2)

    def paragraphs():
        size = 0
        while size < TEXT_BYTES:
            paragraph = chain.text(chain.random.randint(20, 200))
            size += len(paragraph.encode()) + 1
            yield paragraph

    write_lines(path, paragraphs())


def conversation(question, answer, system=None):
    turns = [{"role": "system", "content": system}] if system else []
    turns += [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    return {"conversations": turns}


def write_lines(path, lines):
    """Under another name first, so that a run that was broken off leaves no half file."""
    draft = Path(f"{path}.part")
    with open(draft, "w", encoding="utf-8") as file:
        file.writelines(line + "\n" for line in lines)
    draft.replace(path)


class TextChain:
    """Text without end in which each word, or Chinese character, follows the one before as in the example corpus."""

    UNIT = re.compile("[\u4e00-\u9fff]| ?[A-Za-z']+| ?[0-9]+|.")

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.starts = []
        self.following = defaultdict(list)
        with open(EXAMPLE / "corpus.jsonl", encoding="utf-8") as file:
            for line in file:
                for turn in json.loads(line)["conversations"]:
                    self.learn(self.UNIT.findall(turn["content"]))

    def learn(self, units):
        self.starts.append(units[0])
        for unit, after in zip(units, units[1:]):
            self.following[unit].append(after)

    def text(self, count):
        units = []
        while len(units) < count:
            last = units[-1] if units else "。"
            if last in ".?!":
                units.append(" ")
            if last in "。？！.?!" or last not in self.following:
                units.append(self.random.choice(self.starts))
            else:
                units.append(self.random.choice(self.following[last]))
        return "".join(units)
