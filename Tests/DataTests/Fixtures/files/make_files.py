"""Makes small tokenizers in the formats before tokenizer.json, and cases.json: what AutoTokenizer makes of folders of them.

vocab.json, merges.txt   byte-level BPE, as GPT-2's
clip.json, clip.txt      BPE with the ends of words marked, as CLIP's
vocab.txt                word pieces, as BERT's
*.model                  SentencePiece: BPE as Llama 2's, BPE with a map and pieces of the user's, Unigram with and without bytes
ranks.tiktoken           ranks, as Llama 3's and Qwen's first
tekken.json              Mistral's

Each case names the files of a folder. Its texts are every second of ../formats/texts.json; of the ids it has a checksum for
each text, and some in full. Made with transformers 5.24.0, tokenizers 0.23.3, sentencepiece 0.2.3, tiktoken 0.14.0 and
mistral-common 1.13.1, which have to be importable:

    python make_files.py
"""

import base64
import json
import os
import pathlib
import shutil
import tempfile

os.environ["TRANSFORMERS_VERBOSITY"] = "error"

import sentencepiece
import tiktoken
from mistral_common.tokens.tokenizers.tekken import Tekkenizer
from sentencepiece import sentencepiece_model_pb2
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers import AutoTokenizer
from transformers.convert_slow_tokenizer import bytes_to_unicode
from transformers.tokenization_utils_tokenizers import TokenizersBackend

HERE = pathlib.Path(__file__).resolve().parent
TEXTS = json.loads((HERE / "../formats/texts.json").read_text())["texts"][::2]
CORPUS = [text for text in TEXTS if text.isprintable() and len(text) < 400] * 2
LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN = LLAMA3.replace("{1,3}", "")
TEKKEN = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+"
    r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def checksum(numbers):
    """FNV-1a, 32 bits."""
    value = 0x811C9DC5
    for i in numbers:
        value = (value ^ i) * 0x01000193 & 0xFFFFFFFF
    return value


# Files

def make_byte_level():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=520, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False,
        special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>", "<|endoftext|>"])
    tokenizer.train_from_iterator(CORPUS, trainer)
    with tempfile.TemporaryDirectory() as folder:
        tokenizer.model.save(folder)
        shutil.copy(folder + "/vocab.json", HERE / "vocab.json")
        shutil.copy(folder + "/merges.txt", HERE / "merges.txt")


def make_clip():
    tokenizer = Tokenizer(models.BPE(unk_token="<|endoftext|>", end_of_word_suffix="</w>"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    trainer = trainers.BpeTrainer(
        vocab_size=700, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), end_of_word_suffix="</w>", show_progress=False,
        special_tokens=["<|startoftext|>", "<|endoftext|>"])
    tokenizer.train_from_iterator(CORPUS, trainer)
    with tempfile.TemporaryDirectory() as folder:
        tokenizer.model.save(folder)
        shutil.copy(folder + "/vocab.json", HERE / "clip.json")
        shutil.copy(folder + "/merges.txt", HERE / "clip.txt")


def make_word_pieces():
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False, strip_accents=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(
        vocab_size=500, limit_alphabet=250, show_progress=False, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
    tokenizer.train_from_iterator(CORPUS + [text.lower() for text in CORPUS], trainer)
    words = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    # White space at the end of a line, and an empty line.
    lines = [word + (" \u00a0" if index == 40 else "") for index, (word, _) in enumerate(words)]
    (HERE / "vocab.txt").write_text("\n".join(lines[:300] + [""] + lines[300:]) + "\n", encoding="utf-8")


def make_pieces(name, **options):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder)
        (path / "corpus.txt").write_text("\n".join(CORPUS * 3), encoding="utf-8")
        (path / "rules.tsv").write_text("FF21\t41\nC4\t41 308\n3000\t20\n9\t20\n", encoding="utf-8")
        if options.pop("maps", False):
            options["normalization_rule_tsv"] = folder + "/rules.tsv"
        else:
            options["normalization_rule_name"] = "identity"
        sentencepiece.SentencePieceTrainer.train(
            input=folder + "/corpus.txt", model_prefix=folder + "/m", minloglevel=2, num_threads=1, hard_vocab_limit=False, **options)
        model = sentencepiece_model_pb2.ModelProto()
        model.ParseFromString((path / "m.model").read_bytes())
        # The paths of the folder would be others each time.
        del model.trainer_spec.input[:]
        model.trainer_spec.model_prefix = "m"
        model.normalizer_spec.normalization_rule_tsv = ""
        (HERE / name).write_bytes(model.SerializeToString())


def make_ranks():
    decode = {character: byte for byte, character in bytes_to_unicode().items()}
    vocab = json.loads((HERE / "vocab.json").read_text())
    words = [token for token, _ in sorted(vocab.items(), key=lambda item: item[1]) if not (token.startswith("<") and len(token) > 2)]
    merged = [bytes(decode[character] for character in token) for token in words if len(token) > 1]
    ranks = [bytes([byte]) for byte in range(256)] + merged
    (HERE / "ranks.tiktoken").write_text(
        "".join(f"{base64.b64encode(token).decode()} {rank}\n" for rank, token in enumerate(ranks)))
    special = ["<unk>", "<s>", "</s>", "[INST]", "[/INST]"]
    tekken = {
        "config": {
            "pattern": TEKKEN, "num_vocab_tokens": len(ranks), "default_vocab_size": len(ranks) + 20 - 7,
            "default_num_special_tokens": 20, "version": "v7",
        },
        "vocab": [
            {"rank": rank, "token_bytes": base64.b64encode(token).decode(), "token_str": None} for rank, token in enumerate(ranks)
        ],
        "special_tokens": [{"rank": rank, "token_str": token, "is_control": True} for rank, token in enumerate(special)],
    }
    (HERE / "tekken.json").write_text(json.dumps(tekken, separators=(",", ":")) + "\n")
    tekken["config"]["pattern"] = LLAMA3
    del tekken["special_tokens"]
    tekken["config"]["default_num_special_tokens"] = 25
    tekken["config"]["default_vocab_size"] = len(ranks) + 25
    (HERE / "tekken-old.json").write_text(json.dumps(tekken, separators=(",", ":")) + "\n")


# Cases

CASES = []
VALUES = {}


def stages(tokenizer):
    root = json.loads(tokenizer._tokenizer.to_str())
    model = {key: value for key, value in root["model"].items() if key not in ("vocab", "merges")}
    added = [[t["id"], t["content"], "".join(
        letter for letter, key in zip("wlrns", ("single_word", "lstrip", "rstrip", "normalized", "special")) if t[key]
    )] for t in root["added_tokens"]]
    return {
        "normalizer": root["normalizer"], "pre_tokenizer": root["pre_tokenizer"], "decoder": root["decoder"],
        "post_processor": root["post_processor"], "model": model, "added": added,
    }


def case(name, files, config=None, model=None, check=None, general=False):
    """A folder of the files, by their names here, with the two configurations.

    check: encodes a text by another library, to be compared where no special token is in it.
    general: whether no configuration says which class it is, so that the general one is asked.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder)
        for target, source in files.items():
            shutil.copy(HERE / source, path / target)
        for target, content in (("tokenizer_config.json", config), ("config.json", model)):
            if content is not None:
                (path / target).write_text(json.dumps(content))
        try:
            tokenizer = (TokenizersBackend if general else AutoTokenizer).from_pretrained(folder)
        except Exception as error:
            print(name, "ERROR", repr(error)[:300])
            return
        ids = [tokenizer.encode(text, add_special_tokens=False) for text in TEXTS]
        if check:
            plain = [index for index, text in enumerate(TEXTS) if "<" not in text and "[" not in text]
            wrong = [index for index in plain if check(TEXTS[index]) != ids[index]]
            print(name, "differs from the other library in", len(wrong), "of", len(plain), [TEXTS[i][:20] for i in wrong[:4]])
        # What CLIP's class does with a decoded text besides, no tokenizer.json says.
        decode = Tokenizer.from_str(tokenizer._tokenizer.to_str()).decode if name == "CLIP" else tokenizer.decode
        decoded = [decode(row, skip_special_tokens=False) + "\0" + decode(row, skip_special_tokens=True) for row in ids]
        CASES.append({
            "name": name, "files": files, "config": config, "model": model,
            "stages": {key: VALUES.setdefault(json.dumps(value), len(VALUES)) for key, value in stages(tokenizer).items()},
            "checksums": [checksum(row) for row in ids],
            "decodings": checksum("".join(decoded).encode()),
            "full": {str(index): ids[index] for index in range(2, len(TEXTS), 40)},
        })


def own(name):
    processor = sentencepiece.SentencePieceProcessor(model_file=str(HERE / name))
    return processor.encode


def own_ranks(pattern, normalize=lambda text: text):
    ranks = {base64.b64decode(line.split()[0]): int(line.split()[1]) for line in (HERE / "ranks.tiktoken").read_text().splitlines()}
    encoding = tiktoken.Encoding("ranks", pat_str=pattern, mergeable_ranks=ranks, special_tokens={})
    return lambda text: encoding.encode(normalize(text))


def cases():
    pairs = {"vocab.json": "vocab.json", "merges.txt": "merges.txt"}
    case("GPT-2 by its model type", pairs, model={"model_type": "gpt2"})
    for name in ("GPT2Tokenizer", "Qwen2Tokenizer", "RobertaTokenizer", "GPTNeoXTokenizer", "CohereTokenizer",
                 "CodeGenTokenizer"):
        case(name, pairs, {"tokenizer_class": name})
    case("GPT-2 with a space", pairs, {"tokenizer_class": "GPT2Tokenizer", "add_prefix_space": True, "add_bos_token": True})
    case("CLIP", {"vocab.json": "clip.json", "merges.txt": "clip.txt"}, {"tokenizer_class": "CLIPTokenizer"})

    words = {"vocab.txt": "vocab.txt"}
    case("BERT by its model type", words, model={"model_type": "bert"})
    case("BERT, cased", words, {"tokenizer_class": "BertTokenizer", "do_lower_case": False, "tokenize_chinese_chars": False})
    case("BERT with accents", words, {"tokenizer_class": "BertTokenizerFast", "strip_accents": False})
    case("DistilBERT", words, {"tokenizer_class": "DistilBertTokenizer"})
    case("MPNet", words, {"tokenizer_class": "MPNetTokenizer", "do_lower_case": False, "strip_accents": True})

    llama = {"tokenizer.model": "bpe.model"}
    for settings in ({}, {"legacy": True}, {"add_prefix_space": False}, {"legacy": False, "add_bos_token": True, "add_eos_token": True}):
        case(f"Llama {settings}", llama, {"tokenizer_class": "LlamaTokenizer", **settings})
    case("CodeLlama", llama, {"tokenizer_class": "CodeLlamaTokenizer"})
    case("Gemma", llama, {"tokenizer_class": "GemmaTokenizer"})
    case("Reformer", {"tokenizer.model": "bpe-user.model"}, {"tokenizer_class": "ReformerTokenizer"})
    case("Mistral", llama, {"tokenizer_class": "LlamaTokenizer"}, {"model_type": "mistral"}, check=own("bpe.model"))
    case("Mistral, not legacy", llama, {"tokenizer_class": "LlamaTokenizer", "legacy": False}, {"model_type": "mistral"})
    case("names in place of pieces", llama, {"tokenizer_class": "TokenizersBackend", "added_tokens_decoder": {
        "2": {"content": "</end>", "special": True}, "300": {"content": "<new>", "special": False, "normalized": True}}})
    for name in ("bpe.model", "bpe-user.model", "unigram.model", "unigram-bytes.model"):
        case("SentencePiece's own rules: " + name, {"tokenizer.model": name}, general=True, check=own(name))

    pieces = {"spiece.model": "unigram.model"}
    for name in ("T5Tokenizer", "AlbertTokenizer", "XLNetTokenizer", "PegasusTokenizer", "BigBirdTokenizer", "RemBertTokenizer"):
        target = "sentencepiece.model" if name == "RemBertTokenizer" else "spiece.model"
        case(name, {target: "unigram.model"}, {"tokenizer_class": name})
    case("T5 with few extra tokens", pieces, {"tokenizer_class": "T5Tokenizer", "extra_ids": 3})
    for name, source in (("XLMRobertaTokenizer", "unigram.model"), ("CamembertTokenizer", "unigram-bytes.model"),
                         ("BarthezTokenizer", "unigram.model")):
        case(name, {"sentencepiece.bpe.model": source}, {"tokenizer_class": name})
    case("DebertaV2", {"spm.model": "unigram.model"}, {"tokenizer_class": "DebertaV2Tokenizer", "split_by_punct": True})
    case("XGLM", {"tokenizer.model": "unigram.model"}, {"tokenizer_class": "XGLMTokenizer"})

    case("Tekken", {"tekken.json": "tekken.json"}, {"tokenizer_class": "TokenizersBackend"},
         check=lambda text: Tekkenizer.from_file(HERE / "tekken.json").encode(text, bos=False, eos=False))
    case("the first Tekken", {"tekken.json": "tekken-old.json"}, {"tokenizer_class": "TokenizersBackend"})

    ranks = {"tokenizer.model": "ranks.tiktoken"}
    case("Llama 3", ranks, {"tokenizer_class": "PreTrainedTokenizerFast"}, {"model_type": "llama"}, check=own_ranks(LLAMA3))
    case("Llama 3 with names", {"tiktoken.model": "ranks.tiktoken"}, {"tokenizer_class": "LlamaTokenizer", "added_tokens_decoder": {
        "516": {"content": "<|eot|>", "special": True}, "514": {"content": "<|bot|>", "special": True}},
        "bos_token": "<|bot|>", "extra_special_tokens": ["<|x|>"]}, {"model_type": "llama"})


if __name__ == "__main__":
    make_byte_level()
    make_clip()
    make_word_pieces()
    make_pieces("bpe.model", model_type="bpe", vocab_size=600, byte_fallback=True, remove_extra_whitespaces=False,
                allow_whitespace_only_pieces=True, split_digits=True)
    make_pieces("bpe-user.model", model_type="bpe", vocab_size=600, maps=True, user_defined_symbols=["<u>", "ab", "(x)", "ab c"],
                control_symbols=["<ctl>"], byte_fallback=True, pad_id=3)
    make_pieces("unigram.model", model_type="unigram", vocab_size=700, maps=True, unk_id=2, bos_id=-1, eos_id=1, pad_id=0,
                control_symbols=["[CLS]", "[SEP]", "[MASK]"])
    make_pieces("unigram-bytes.model", model_type="unigram", vocab_size=700, byte_fallback=True, add_dummy_prefix=False,
                remove_extra_whitespaces=False, user_defined_symbols=["<u>"])
    make_ranks()
    cases()
    text = json.dumps({"values": [json.loads(value) for value in VALUES], "cases": CASES}, ensure_ascii=False, separators=(",", ":"))
    (HERE / "cases.json").write_text(text + "\n", encoding="utf-8")
    print(len(CASES), {path.name: path.stat().st_size for path in sorted(HERE.iterdir())})
