#!/usr/bin/env python3
"""Expands the tables and phrasings in corpus/ into chat conversations.

usage: make_corpus.py [--out corpus.jsonl] [--held-out FILE]

A dialogue file (corpus/*.txt) holds blocks: some questions that mean the same,
then the one answer to all of them.

    Q: What is the capital of {country}?
    Q: Name the capital of {country}.
    A: The capital of {country} is {capital}.

Before a block may stand directives, which hold until they are given again:

    table: countries.tsv   expand the block once for every row; {column} is
                           replaced. Several tables, separated by blanks, are
                           read one behind the other.
    keep: 3                of all phrasings each row gets three, the first and
                           two chosen by a hash; the others are held out (see
                           --held-out).
    repeat: 2              write every conversation twice.

Directives end with the file. Every choice and the order of the lines come from
SHA-256, so the output is the same on every machine and with every Python.
Python 3.9 or later, standard library only.
"""
import argparse
import hashlib
import json
import pathlib
import re
import sys

FOLDER = pathlib.Path(__file__).resolve().parent
CASUAL_SHARE = 5  # one prompt in five is also asked carelessly
SECOND_TURN_SHARE = 8  # one conversation in eight also opens a longer one


def digest(*parts):
    """A number that depends on nothing but the text of `parts`."""
    return int.from_bytes(hashlib.sha256("\n".join(map(str, parts)).encode()).digest()[:8], "big")


def computed_tables():
    """Rows for tables that are rules rather than lists."""
    def pairs(rule, symbol_result, first, second):
        return [
            {"a": str(a), "b": str(b), "result": str(symbol_result(a, b))}
            for a in first for b in second if rule(a, b)
        ]

    small = range(0, 11)
    return {
        "sums": pairs(lambda a, b: True, lambda a, b: a + b, small, small),
        "differences": pairs(lambda a, b: a >= b, lambda a, b: a - b, small, small),
        "products": pairs(lambda a, b: True, lambda a, b: a * b, range(1, 10), range(1, 10)),
        "counting": [{"n": str(n), "next": str(n + 1)} for n in range(0, 31)],
    }


def read_table(name, computed):
    """Rows of a table as dictionaries from column name to text."""
    if name in computed:
        return computed[name]
    path = FOLDER / "corpus" / name
    lines = path.read_text(encoding="utf-8").splitlines()
    columns = lines[0].split("\t")
    rows = []
    for number, line in enumerate(lines[1:], 2):
        cells = line.split("\t")
        if len(cells) != len(columns):
            sys.exit(f"{path}:{number}: {len(cells)} columns, the first line names {len(columns)}")
        rows.append(dict(zip(columns, cells)))
    return rows


def read_blocks(path):
    """Yields (questions, answer, directives) for every block of a dialogue file."""
    directives = {"table": "", "keep": "0", "repeat": "1"}
    questions = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        key, separator, value = line.partition(":")
        value = value.strip()
        if separator and key == "Q":
            questions.append(value)
        elif separator and key == "A" and questions:
            yield questions, value, dict(directives)
            questions = []
        elif separator and key in directives and not questions:
            directives[key] = value
        else:
            sys.exit(f"{path}:{number}: neither Q:, A: after a Q:, nor a directive before a block: {line}")
    if questions:
        sys.exit(f"{path}: the last questions have no answer")


def fill(template, row):
    """Replaces {column}s and starts the sentence with a capital letter."""
    text = re.sub(r"\{(\w+)\}", lambda match: row[match[1]], template)
    return text[0].upper() + text[1:]


def casual(prompt):
    """The prompt as somebody types it in a hurry: no capitals, quotes or full stop."""
    return re.sub('["“”]', "", prompt).rstrip("?!.？！。 ").lower()


def expand():
    """-> (conversations as lists of (prompt, answer), held-out (prompt, answer) pairs)."""
    computed, answers = computed_tables(), {}
    single, held_out = [], []
    for path in sorted((FOLDER / "corpus").glob("*.txt")):
        for questions, answer, directives in read_blocks(path):
            tables = directives["table"].split()
            rows = [row for name in tables for row in read_table(name, computed)] or [{}]
            keep = int(directives["keep"]) if tables and int(directives["keep"]) else len(questions)
            for row in rows:
                reply = fill(answer, row)
                prompts = [fill(question, row) for question in questions]
                prompts[1:] = sorted(prompts[1:], key=lambda prompt: digest("phrasing", prompt))
                for prompt in prompts:
                    if answers.setdefault(prompt, reply) != reply:
                        sys.exit(f"{path}: two answers to “{prompt}”: {answers[prompt]} | {reply}")
                held_out += [(prompt, reply) for prompt in prompts[keep:]]
                single += [(prompt, reply) for prompt in prompts[:keep]] * int(directives["repeat"])
    for prompt, reply in list(dict.fromkeys(single)):
        hurried = casual(prompt)
        if digest("casual", prompt) % CASUAL_SHARE == 0 and hurried not in answers:
            answers[hurried] = reply
            single.append((hurried, reply))
    openers = sorted(set(pair for pair in single if digest("opener", *pair) % SECOND_TURN_SHARE == 0),
                     key=lambda pair: digest("order", *pair))
    longer = [list(turns) for turns in zip(openers, openers[1:] + openers[:1])]
    return [[pair] for pair in single] + longer, held_out


def line_of(turns):
    """One conversation as a line of JSON."""
    messages = [{"role": role, "content": content} for turn in turns for role, content in zip(("user", "assistant"), turn)]
    return json.dumps({"conversations": messages}, ensure_ascii=False, separators=(",", ":"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", default=str(FOLDER / "corpus.jsonl"), help="the training corpus")
    parser.add_argument("--held-out", help="phrasings that are not in the corpus, for tests of generalisation")
    arguments = parser.parse_args()
    conversations, held_out = expand()
    lines = [line_of(turns) for turns in conversations]
    # Training reads the file in its own order, so the order is shuffled here.
    order = sorted(range(len(lines)), key=lambda i: digest("line", i, lines[i]))
    pathlib.Path(arguments.out).write_text("".join(lines[i] + "\n" for i in order), encoding="utf-8")
    print(f"{arguments.out}: {len(lines)} conversations")
    if arguments.held_out:
        text = "".join(line_of([pair]) + "\n" for pair in held_out)
        pathlib.Path(arguments.held_out).write_text(text, encoding="utf-8")
        print(f"{arguments.held_out}: {len(held_out)} conversations")


if __name__ == "__main__":
    main()
