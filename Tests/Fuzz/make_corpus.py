"""Writes the seeds of the fuzzing corpus: those of our own writers (`fuzz --models`), and from the tests' fixtures the rest.

    python3 Tests/Fuzz/make_corpus.py .build/release/fuzz
"""
import base64
import json
import pathlib
import shutil
import struct
import subprocess
import sys

here = pathlib.Path(__file__).parent
tests = here.parent
corpus = here / "Corpus"
LARGEST = 14_000


def write(kind, name, content):
    place = corpus / kind / name
    data = content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
    place.write_bytes(data)


def compact(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def smaller(definition, size):
    """A tokenizer with its first tokens only, and the merges between them."""
    definition = json.loads(json.dumps(definition))
    model = definition["model"]
    if isinstance(model["vocab"], list):
        model["vocab"] = model["vocab"][:size]
        return definition
    vocabulary = {token: number for token, number in model["vocab"].items() if number < size}

    def parts(merge):
        return merge if isinstance(merge, list) else merge.split(" ")

    model["vocab"] = vocabulary
    if "merges" not in model:
        return definition
    # The library puts the prefix of pieces that continue a word before a token once.
    model["merges"] = [
        merge for merge in model["merges"]
        if len(parts(merge)) == 2 and all(part in vocabulary for part in parts(merge)) and "".join(parts(merge)) in vocabulary
    ]
    return definition


def tensors():
    for path in sorted((tests / "TensorTests/Fixtures/files").iterdir()):
        kind = {".pth": "pth", ".safetensors": "safetensors"}.get(path.suffix)
        if kind and path.stat().st_size < LARGEST:
            shutil.copy(path, corpus / kind / path.name)
    shutil.copy(tests / "TensorTests/Fixtures/gguf/types.gguf", corpus / "gguf/types.gguf")
    shutil.copy(tests / "DataTests/Fixtures/formats/spm.gguf", corpus / "gguf/tokenizer-characters.gguf")
    shutil.copy(tests / "DataTests/Fixtures/formats/bpe.gguf", corpus / "gguf/tokenizer-bytes.gguf")
    for path in sorted((tests / "ModelTests/Fixtures/huggingface").glob("*/config.json")):
        shutil.copy(path, corpus / f"safetensors/config-{path.parent.name}.json")
    for path in sorted((tests / "ModelTests/Fixtures/quantized").iterdir()):
        weights = path / "model.safetensors"
        if weights.exists() and weights.stat().st_size < 24_000:
            shutil.copy(weights, corpus / f"safetensors/packed-{path.name}.safetensors")
            shutil.copy(path / "config.json", corpus / f"safetensors/config-packed-{path.name}.json")
    for path in sorted((tests / "LoRATests/Fixtures/peft").glob("*/adapter_config.json")):
        shutil.copy(path, corpus / f"safetensors/peft-{path.parent.name}.json")


def tokenizers():
    tiny = json.loads((tests / "DataTests/Fixtures/tokenizer/tiny/tokenizer.json").read_text())
    write("tokenizer", "bytes.json", compact(smaller(tiny, 330)))
    for variant in json.loads((tests / "DataTests/Fixtures/tokenizer/variants.json").read_text()):
        definition = {**tiny, **variant["fields"]}
        definition["model"] = {**definition["model"], **variant["model"]}
        name = variant["name"].replace(",", "").replace(" ", "-").replace(".", "-")
        if variant["fields"] or variant["model"]:
            write("tokenizer", f"{name}.json", compact(smaller(definition, 290)))
        for file, content in variant["files"].items():
            if file == "tokenizer_config.json" and name in ("qwen", "added-tokens", "special-tokens-as-objects", "split-special-tokens"):
                write("tokenizer", f"config-{name}.json", content if isinstance(content, str) else compact(content))
    formats = tests / "DataTests/Fixtures/formats"
    for name, kind in json.loads((formats / "kinds.json").read_text()).items():
        definition = {**json.loads((formats / f"{kind['base']}.json").read_text()), **kind["fields"]}
        definition["model"] = {**definition["model"], **kind["model"]}
        write("tokenizer", f"kind-{name.replace(',', '').replace(' ', '-')}.json", compact(smaller(definition, 290)))
    write("tokenizer", "config-tiny.json", (tests / "DataTests/Fixtures/tokenizer/tiny/tokenizer_config.json").read_text())


KINDS = [
    "roberta", "bloom", "falcon", "phi4", "gpt-oss", "tekken", "deepseek3", "kimi", "nemotron", "byte normalizer", "clip", "llama2, v5", "yi", "gemma3", "t5", "albert", "barthez",
    "seamless", "xlm-roberta", "sentencepiece, trained", "unigram of some bytes", "bert", "mpnet", "electra", "wordpiece, chain", "wordlevel", "gpt1", "bpe, continuing", "scripts",
    "three characters", "anchors", "empty matches", "punctuation, MergedWithNext", "characters split", "split by letters, Contiguous", "normal: many forms", "decoded: ctc",
    "decoded: replaced by a pattern"]


def kinds():
    """Some of the kinds of make_kinds.py, and the other files that make a tokenizer."""
    folder = tests / "DataTests/Fixtures/kinds"
    bases = json.loads((folder / "bases.json").read_text())
    listed = {name: kind for group in ("bytes", "pieces", "stages") for name, kind in json.loads((folder / f"{group}.json").read_text()).items()}
    for name in KINDS:
        kind = listed[name]
        definition = smaller(bases[kind["base"]], {"unigram": 100, "pieces": 300, "bytes": 290, "clip": 430}.get(kind["base"], 150))
        definition.update(json.loads(json.dumps(kind.get("fields", {})).replace("$charsmap", bases["charsmap"])))
        definition["model"].update(kind.get("model", {}))
        if kind.get("bytes"):
            definition["model"]["vocab"] += [[f"<0x{byte:02X}>", 0] for byte in range(kind["bytes"])]
        write("tokenizer", f"kind-{name.replace(',', '').replace(':', '').replace(' ', '-')}.json", compact(definition))
    files(bases)


def files(bases):
    for name, size in (("bytes", 300), ("clip", 430)):
        model = smaller(bases[name], size)["model"]
        merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in model["merges"]]
        write("vocab", f"{name}.txt", compact(model["vocab"]) + "#version: 0.2\n" + "\n".join(merges) + "\n")
    words = smaller(bases["wordpiece"], 200)["model"]["vocab"]
    write("vocabtxt", "pieces.txt", "\n".join(words) + "\n")
    write("vocabtxt", "lines.txt", "\r\n".join(list(words)[:60]))

    alphabet = byte_letters()
    special = {token["content"] for token in bases["bytes"]["added_tokens"]}
    tokens = [bytes(alphabet[letter] for letter in token) for token in smaller(bases["bytes"], 303)["model"]["vocab"] if token not in special]
    tokens.sort(key=lambda token: len(token) > 1)
    ranks = [f"{base64.b64encode(token).decode()} {rank}" for rank, token in enumerate(tokens)]
    write("tiktoken", "ranks.tiktoken", "\n".join(ranks) + "\n")
    write("tiktoken", "few.tiktoken", "\n".join(ranks[:260]))
    special = [{"rank": rank, "token_str": token, "is_control": True} for rank, token in enumerate(("<unk>", "<s>", "</s>", "[INST]"))]
    tekken = {
        "config": {"pattern": json.loads((tests / "DataTests/Fixtures/kinds/bytes.json").read_text())["tekken"]["fields"]["pre_tokenizer"]["pretokenizers"][0]["pattern"]["Regex"],
                   "num_vocab_tokens": 270, "default_vocab_size": 290, "default_num_special_tokens": 20, "version": "v3"},
        "vocab": [{"rank": rank, "token_bytes": base64.b64encode(token).decode()} for rank, token in enumerate(tokens[:270])]}
    small = {"config": {**tekken["config"], "default_vocab_size": 276}, "vocab": tekken["vocab"][:256]}
    write("tekken", "old.json", compact(tekken))
    write("tekken", "new.json", compact({**small, "special_tokens": special, "config": {**small["config"], "version": "v7"}}))

    pieces = smaller(bases["pieces"], 340)["model"]["vocab"]
    types = {"<unk>": 2, "<s>": 3, "</s>": 3, **{f"<0x{byte:02X}>": 6 for byte in range(256)}}
    write("sentencepiece", "bpe.model", sentencepiece(
        [(piece, 3.0 - number, types.get(piece, 1)) for piece, number in pieces.items()], trainer={3: 2, 35: 1, 40: 0, 41: 1, 42: 2}, normalizer={1: b"identity", 3: 1, 4: 0, 5: 1}))
    types = {"<pad>": 3, "</s>": 3, "<unk>": 2, "<extra_id_0>": 4, "<extra_id_1>": 4}
    unigram = [(piece, score, types.get(piece, 1)) for piece, score in bases["unigram"]["model"]["vocab"]]
    charsmap = base64.b64decode(bases["charsmap"])
    write("sentencepiece", "unigram.model", sentencepiece(
        unigram[:150], trainer={3: 1, 40: 2, 41: 2**64 - 1, 42: 1, 43: 0, 44: " \u2047 ".encode()}, normalizer={1: b"nmt_nfkc", 2: charsmap, 3: 1, 4: 1, 5: 1}))
    write("sentencepiece", "small.model", sentencepiece(unigram[:20] + [("unused", -2.5, 5)], trainer={3: 1, 40: 2, 41: 2**64 - 1, 42: 1}, normalizer={3: 0, 4: 0}))


def byte_letters():
    """The letters that stand for bytes in a byte-level vocabulary."""
    shown = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = [byte for byte in range(256) if byte not in shown]
    return {**{chr(byte): byte for byte in shown}, **{chr(256 + index): byte for index, byte in enumerate(hidden)}}


def sentencepiece(pieces, trainer, normalizer):
    """A `tokenizer.model`: pieces with scores and types, and fields of the two specifications by number."""
    def varint(value):
        encoded = b""
        while value >= 0x80:
            encoded += bytes([value & 0x7F | 0x80])
            value >>= 7
        return encoded + bytes([value])

    def field(number, value):
        if isinstance(value, int):
            return varint(number << 3) + varint(value)
        return varint(number << 3 | 2) + varint(len(value)) + value

    def message(fields):
        return b"".join(field(number, value) for number, value in fields.items())

    listed = [field(1, field(1, piece.encode()) + varint(2 << 3 | 5) + struct.pack("<f", score) + field(3, kind)) for piece, score, kind in pieces]
    return b"".join(listed) + field(2, message(trainer)) + field(3, message(normalizer))


def templates():
    cases = json.loads((tests / "DataTests/Fixtures/template/cases.json").read_text())
    for name, source in cases["templates"].items():
        write("template", f"{name}.jinja", source)
    snippets = [snippet["template"] for snippet in cases["snippets"]]
    for first in range(0, len(snippets), 4):
        write("template", f"snippets-{first:03}.jinja", "\n".join(snippets[first:first + 4]))


def conversations():
    cases = json.loads((tests / "DataTests/Fixtures/template/cases.json").read_text())
    lines = []
    for name, messages in cases["messages"].items():
        lines.append(compact({"conversations": messages}))
    write("jsonl", "all.jsonl", "\n".join(lines) + "\n")
    for name in ("toolCall", "reasoning", "unicode"):
        write("jsonl", f"{name}.jsonl", compact({"conversations": cases["messages"][name], "tools": cases["tools"]}) + "\n")
    write("jsonl", "tools-in-system.jsonl", compact({"conversations": [
        {"role": "system", "content": "", "tools": compact(cases["tools"])}, {"role": "user", "content": "?"},
        {"role": "assistant", "content": "!", "tool_calls": compact([{"name": "f", "arguments": {"x": 1}}])}]}))
    write("jsonl", "shared.jsonl", (tests / "DataTests/Fixtures/dataset/conversations.jsonl").read_bytes())
    turn = [{"role": "user", "content": "a\"b\\c\u0007\u2028 \U0001F600"}, {"role": "assistant", "content": "é\u0000"}]
    write("jsonl", "escapes.jsonl", json.dumps({"conversations": turn}) + "\r\n\r\n" + json.dumps({"messages": turn}) + "\n")
    write("jsonl", "mark.jsonl", "\ufeff" + compact({"conversations": turn[:1] + [{"role": "assistant", "content": None}]}))
    nested = [1, 2.5e-3, None]
    for _ in range(40):
        nested = {"a": [nested]}
    write("jsonl", "nested.jsonl", compact({"conversations": [{"role": "user", "content": "x", "deep": nested}, {"role": "assistant", "content": "y"}]}))
    write("jsonl", "surrogates.jsonl", '{"conversations":[{"role":"user","content":"\\ud83d\\ude00 \\ud83d x"},{"role":"assistant","content":"</s><s>assistant\\n</s>\\n"}]}\n')


if __name__ == "__main__":
    for kind in ("pth", "safetensors", "gguf", "tokenizer", "jsonl", "template", "vocab", "vocabtxt", "sentencepiece", "tekken", "tiktoken"):
        (corpus / kind).mkdir(parents=True, exist_ok=True)
    tensors()
    subprocess.run([sys.argv[1], "--models", str(corpus)], check=True)
    tokenizers()
    kinds()
    templates()
    conversations()
