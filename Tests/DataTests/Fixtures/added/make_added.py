"""What `transformers` and llama.cpp do with tokens that are added to the tokenizers of ../files, ../formats and ../gguf.

added.json  lists of `texts`: each token at the start, the end, within a word, twice in a row, with blanks around it; and `cases`:
    files      of `transformers`: what its folder is made of, by the names in ../; `config` stands beside them
    gguf       of llama.cpp: the file of which the list of tokens is filled up with unused ones
    tokens     what is added, at once; `ids` are theirs, `size` the number of ids afterwards
    added      all added tokens afterwards: id, content, and letters for the flags
    texts      the number of the list
    checksums  of the ids of each text; every tenth in `full`
    offsets    of the offsets in bytes, without a post-processor; null where a range is empty or after the next one
    decoded    of the texts of the ids: with special tokens, then without
    list       of llama.cpp: what the list has from the first token on that is added, with the types

Made with transformers 5.24.0, tokenizers 0.23.3, gguf 0.19.0 and llama-cpp-python 0.3.36, which have to be importable:

    python make_added.py
"""
import json
import os
import shutil
import tempfile
from pathlib import Path

os.environ["TRANSFORMERS_VERBOSITY"] = "error"

import gguf
import llama_cpp
from tokenizers import AddedToken, Tokenizer
from transformers import AutoTokenizer

HERE = Path(__file__).resolve().parent
CONTROL, USER_DEFINED, UNUSED = 3, 4, 5
TOKENS = [
    "<new>", {"content": "<sp>", "special": True}, "foo bar", "wortTeil", {"content": "<L>", "lstrip": True},
    {"content": "<R>", "rstrip": True, "special": True}, {"content": "one", "single_word": True}, "你好",
    {"content": "Müller", "normalized": False}, {"content": "<both>", "lstrip": True, "rstrip": True, "normalized": False},
    {"content": "<both> more", "normalized": False}, "er", "<new>",
]
# llama.cpp has no other flags.
PLAIN = ["<new>", {"content": "<sp>", "special": True}, "foo bar", "wortTeil", "你好", {"content": "Müller", "normalized": True}, "er", "<new>"]
# Lists as JSON, by their numbers.
TEXTS = {}


def checksum(numbers):
    """FNV-1a, 32 bits."""
    value = 0x811C9DC5
    for i in numbers:
        value = (value ^ i) * 0x01000193 & 0xFFFFFFFF
    return value


def content(token):
    return token if isinstance(token, str) else token["content"]


def texts(tokens):
    result = ["", " ", "Hello, world!", "naïve"]
    for text in dict.fromkeys(map(content, tokens)):
        result += [
            text, text + "x", "x" + text, "ab" + text + "cd", text + text, f"{text} {text}", f" {text} ", f"a  {text}  b",
            f"Hello {text}, world.\n{text}", f"a\n{text}\n", f"{text}é", text.upper(), text[:-1], f"2{text}_{text}",
        ]
    return result


def answers(rows):
    return {"checksums": [checksum(row) for row in rows], "full": {str(i): rows[i] for i in range(0, len(rows), 10)}}


# transformers

def offsets(tokenizer, text):
    starts = [0]
    for character in text:
        starts.append(starts[-1] + len(character.encode()))
    pairs = [(starts[first], starts[last]) for first, last in tokenizer.encode(text, add_special_tokens=False).offsets]
    sound = all(first < last for first, last in pairs) and all(a[0] <= b[0] and a[1] <= b[1] for a, b in zip(pairs, pairs[1:]))
    return checksum(bound for pair in pairs for bound in pair) if sound else None


def flags(token):
    return "".join(letter for letter, key in zip("wlrns", ("single_word", "lstrip", "rstrip", "normalized", "special")) if token[key])


def case(name, files, config, tokens=TOKENS):
    with tempfile.TemporaryDirectory() as folder:
        for target, source in files.items():
            shutil.copy(HERE.parent / source, Path(folder, target))
        Path(folder, "tokenizer_config.json").write_text(json.dumps(config))
        tokenizer = AutoTokenizer.from_pretrained(folder)
        before = tokenizer.get_vocab()
        tokenizer.add_tokens([token if isinstance(token, str) else AddedToken(**token) for token in tokens])
        # A saved tokenizer is the same one.
        tokenizer.save_pretrained(folder + "/saved")
        again = AutoTokenizer.from_pretrained(folder + "/saved")
    chosen = texts(tokens)
    rows = [tokenizer.encode(text, add_special_tokens=False) for text in chosen]
    assert rows == [again.encode(text, add_special_tokens=False) for text in chosen], name
    root = json.loads(tokenizer.backend_tokenizer.to_str())
    bare = Tokenizer.from_str(json.dumps({**root, "post_processor": None}))
    decoded = [tokenizer.decode(row, skip_special_tokens=skip) for row in rows for skip in (False, True)]
    ids = [tokenizer.convert_tokens_to_ids(content(token)) for token in tokens]
    print(f"{name:24} {len(before)} -> {len(tokenizer)}", ids)
    return {
        "name": name, "files": files, "config": config, "tokens": tokens, "ids": ids, "size": max(tokenizer.get_vocab().values()) + 1,
        "added": [[token["id"], token["content"], flags(token)] for token in root["added_tokens"]], "texts": TEXTS.setdefault(json.dumps(chosen), len(TEXTS)), **answers(rows),
        "offsets": [offsets(bare, text) for text in chosen], "decoded": [checksum(text.encode()) for text in decoded],
    }


# llama.cpp

def filled(name, tokens, fillers):
    """The vocabulary of a file with unused tokens at the end, then with the tokens in their places."""
    reader = gguf.GGUFReader(HERE.parent / name)
    fields = {key: field for key, field in reader.fields.items() if not key.startswith("GGUF.") and key != "general.architecture"}
    spellings = fields["tokenizer.ggml.tokens"].contents()
    types = fields["tokenizer.ggml.token_type"].contents()
    scores = fields["tokenizer.ggml.scores"].contents() if "tokenizer.ggml.scores" in fields else None
    first = len(types)
    while types[first - 1] == UNUSED:
        first -= 1
    spellings += [f"[PAD{id}]" for id in range(len(spellings), len(spellings) + fillers)]
    types += [UNUSED] * fillers
    ids, free = [], first
    for token in tokens:
        text = content(token)
        if text not in spellings:
            spellings[free] = text
            free += 1
        ids.append(spellings.index(text))
        types[ids[-1]] = CONTROL if isinstance(token, dict) and token.get("special") else USER_DEFINED
    with tempfile.TemporaryDirectory() as folder:
        writer = gguf.GGUFWriter(folder + "/vocabulary.gguf", "llama")
        for key, field in fields.items():
            if key == "tokenizer.ggml.tokens":
                writer.add_token_list(spellings)
            elif key == "tokenizer.ggml.token_type":
                writer.add_token_types(types)
            elif key == "tokenizer.ggml.scores":
                writer.add_token_scores(scores + [-10000.0] * fillers)
            elif key == "tokenizer.ggml.merges":
                writer.add_token_merges(field.contents())
            else:
                kind = field.types[0]
                writer.add_key_value(key, field.contents(), kind, field.types[-1] if len(field.types) > 1 else None)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.close()
        model = llama_cpp.Llama(folder + "/vocabulary.gguf", vocab_only=True, verbose=False)
        chosen = texts(tokens)
        rows = [model.tokenize(text.encode(), add_bos=False, special=True) for text in chosen]
    print(f"{name:24} {first} of {len(types)}", ids)
    return {
        "gguf": name, "fillers": fillers, "tokens": tokens, "ids": ids, "size": free, "texts": TEXTS.setdefault(json.dumps(chosen), len(TEXTS)), **answers(rows),
        "list": [[spellings[id], types[id]] for id in range(first, len(types))],
    }


GENERAL = {"tokenizer_class": "PreTrainedTokenizerFast"}
CASES = [
    case("byte-level BPE", {"tokenizer.json": "formats/bpe.json"}, GENERAL),
    case("GPT-2", {"vocab.json": "files/vocab.json", "merges.txt": "files/merges.txt"}, {"tokenizer_class": "GPT2Tokenizer"}),
    case("Qwen2, NFC", {"vocab.json": "files/vocab.json", "merges.txt": "files/merges.txt"}, {"tokenizer_class": "Qwen2Tokenizer"}),
    case("Llama 2", {"tokenizer.json": "formats/spm.json"}, GENERAL),
    case("Llama, SentencePiece", {"tokenizer.model": "files/bpe.model"}, {"tokenizer_class": "LlamaTokenizer"}),
    case("Gemma, SentencePiece", {"tokenizer.model": "files/bpe.model"}, {"tokenizer_class": "GemmaTokenizer"}),
    case("T5, Unigram", {"spiece.model": "files/unigram.model"}, {"tokenizer_class": "T5Tokenizer"}),
    case("XLM-R, Unigram", {"sentencepiece.bpe.model": "files/unigram.model"}, {"tokenizer_class": "XLMRobertaTokenizer"}),
    case("BERT, WordPiece", {"vocab.txt": "files/vocab.txt"}, {"tokenizer_class": "BertTokenizer"}),
    case("BERT, cased", {"vocab.txt": "files/vocab.txt"}, {"tokenizer_class": "BertTokenizer", "do_lower_case": False}),
    case("Tekken", {"tekken.json": "files/tekken.json"}, {"tokenizer_class": "TokenizersBackend"}),
    case("tiktoken", {"tiktoken.model": "files/ranks.tiktoken"}, {
        "tokenizer_class": "LlamaTokenizer", "added_tokens_decoder": {"514": {"content": "<|bot|>", "special": True}}, "bos_token": "<|bot|>"}),
    # Tokens that are added already, with other switches.
    case("added before", {"tokenizer.json": "formats/bpe.json"}, {**GENERAL, "eos_token": "<|im_end|>"}, [
        "<|im_start|>", {"content": "<|im_end|>", "lstrip": True, "special": True}, {"content": "<|endoftext|>", "rstrip": True}, "Ġthe"]),
    filled("formats/bpe.gguf", PLAIN, 9), filled("formats/spm.gguf", PLAIN, 9), filled("gguf/t5.gguf", PLAIN, 7),
]
path = HERE / "added.json"
path.write_text(json.dumps({"texts": [json.loads(text) for text in TEXTS], "cases": CASES}, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
print(path.stat().st_size)
