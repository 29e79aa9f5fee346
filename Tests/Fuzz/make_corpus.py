"""Writes the seeds of the fuzzing corpus: those of our own writers (`fuzz --models`), and from the tests' fixtures the rest.

    python3 Tests/Fuzz/make_corpus.py .build/release/fuzz
"""
import json
import pathlib
import shutil
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
    vocabulary = {token: number for token, number in model["vocab"].items() if number < size}

    def parts(merge):
        return merge if isinstance(merge, list) else merge.split(" ")

    model["vocab"] = vocabulary
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
    for kind in ("pth", "safetensors", "gguf", "tokenizer", "jsonl", "template"):
        (corpus / kind).mkdir(parents=True, exist_ok=True)
    tensors()
    subprocess.run([sys.argv[1], "--models", str(corpus)], check=True)
    tokenizers()
    templates()
    conversations()
