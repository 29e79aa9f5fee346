"""Writes classes.json: what the tokenizer classes of transformers make of a folder.

For each case the settings of a folder, and the tokenizer that AutoTokenizer has built from them, without vocabulary
and merges. Made with transformers 5.24.0 and tokenizers 0.23.3:

    python make_classes.py
"""

import json
import os
import pathlib
import tempfile

os.environ["TRANSFORMERS_VERBOSITY"] = "error"

from transformers import AutoTokenizer

HERE = pathlib.Path(__file__).parent
CHARSMAP = None

SPECIAL = ["<pad>", "<s>", "</s>", "<unk>", "[UNK]", "[CLS]", "[SEP]", "[PAD]", "<|endoftext|>", "<mask>"]
PIECES = ["a", "b", "ab", "▁", "▁ab", "Ġ", "Ġab", "a</w>", "##b", "<0x0A>", "<extra_id_0>", "<|startoftranscript|>", "<|notimestamps|>"]


def added(content, index, special=True, **flags):
    return {
        "id": index, "content": content, "single_word": False, "lstrip": False, "rstrip": False,
        "normalized": not special, "special": special, **flags,
    }


def template(tokens):
    """Puts the first token before a text."""
    return {
        "type": "TemplateProcessing",
        "single": [{"SpecialToken": {"id": tokens[1], "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
        "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {tokens[1]: {"id": tokens[1], "ids": [1], "tokens": [tokens[1]]}},
    }


def base(kind, charsmap=False, post=True):
    """A tokenizer.json whose stages none of the classes has."""
    tokens = SPECIAL + PIECES
    vocab = {token: index for index, token in enumerate(tokens)}
    if kind == "BPE":
        model = {
            "type": "BPE", "dropout": None, "unk_token": "<unk>", "continuing_subword_prefix": None,
            "end_of_word_suffix": None, "fuse_unk": True, "byte_fallback": True, "ignore_merges": True, "vocab": vocab,
            "merges": [["a", "b"], ["▁", "ab"], ["Ġ", "ab"]],
        }
    elif kind == "WordPiece":
        model = {
            "type": "WordPiece", "unk_token": "<unk>", "continuing_subword_prefix": "##", "max_input_chars_per_word": 7,
            "vocab": vocab,
        }
    else:
        model = {
            "type": "Unigram", "unk_id": 3, "byte_fallback": True,
            "vocab": [[token, 0.0 if token in SPECIAL else -1.5 - index] for index, token in enumerate(tokens)],
        }
    normalizer = {"type": "NFKD"}
    if charsmap:
        normalizer = {"type": "Sequence", "normalizers": [{"type": "Precompiled", "precompiled_charsmap": CHARSMAP}, normalizer]}
    return {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": [added("<s>", 1), added("</s>", 2), added("<unk>", 3), added("<new>", len(SPECIAL) + len(PIECES), special=False, lstrip=True)],
        "normalizer": normalizer,
        "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": template(SPECIAL) if post else None,
        "decoder": {"type": "Fuse"},
        "model": model,
    }


def result(folder):
    tokenizer = AutoTokenizer.from_pretrained(folder)
    root = json.loads(tokenizer._tokenizer.to_str())
    model = {key: value for key, value in root["model"].items() if key not in ("vocab", "merges")}
    return {
        "class": type(tokenizer).__name__,
        "added": [[t["id"], t["content"], "".join(
            letter for letter, key in zip("wlrns", ("single_word", "lstrip", "rstrip", "normalized", "special")) if t[key]
        )] for t in root["added_tokens"]],
        "normalizer": root["normalizer"], "pre_tokenizer": root["pre_tokenizer"], "decoder": root["decoder"],
        "post_processor": root["post_processor"], "model": model,
        "roles": {key: str(value) for key, value in tokenizer.special_tokens_map.items() if isinstance(value, str)},
    }


def case(name, base_name, config, model=None):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder)
        (path / "tokenizer.json").write_text(json.dumps(BASES[base_name]))
        if config is not None:
            (path / "tokenizer_config.json").write_text(json.dumps(config))
        if model is not None:
            (path / "config.json").write_text(json.dumps(model))
        try:
            expected = result(folder)
        except Exception as error:
            print(name, config, "ERROR", repr(error)[:200])
            return
    CASES.append({"base": base_name, "config": config, "model": model, "expected": {
        key: VALUES.setdefault(json.dumps(value), len(VALUES)) for key, value in expected.items()}})


import base64
import sentencepiece

# A small charsmap: that of two rules.
with tempfile.TemporaryDirectory() as folder:
    rules = pathlib.Path(folder) / "rules.tsv"
    rules.write_text("FF21\t41\nC4\t41 308\n")
    corpus = pathlib.Path(folder) / "corpus.txt"
    corpus.write_text("a b ab abc\n" * 20)
    sentencepiece.SentencePieceTrainer.train(
        input=str(corpus), model_prefix=folder + "/m", vocab_size=10, normalization_rule_tsv=str(rules), minloglevel=2)
    from sentencepiece import sentencepiece_model_pb2
    proto = sentencepiece_model_pb2.ModelProto()
    proto.ParseFromString(pathlib.Path(folder + "/m.model").read_bytes())
    CHARSMAP = base64.b64encode(proto.normalizer_spec.precompiled_charsmap).decode()

def with_stages(base, **stages):
    return {**base, **stages}


BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
BASES = {
    "bytes": with_stages(base("BPE"), pre_tokenizer=BYTE_LEVEL, decoder=BYTE_LEVEL),
    "bpe": base("BPE"), "bpe-plain": base("BPE", post=False), "bpe-map": base("BPE", charsmap=True), "wordpiece": base("WordPiece"),
    "unigram": base("Unigram"), "unigram-map": base("Unigram", charsmap=True), "unigram-plain": base("Unigram", post=False),
}
CASES = []
# Each value that is expected, once.
VALUES = {}

KINDS = {
    "bpe": """LlamaTokenizer CodeLlamaTokenizer GemmaTokenizer GPT2Tokenizer CodeGenTokenizer Qwen2Tokenizer Qwen3_5Tokenizer
        GPTNeoXTokenizer CohereTokenizer RobertaTokenizer DebertaTokenizer BlenderbotTokenizer WhisperTokenizer CLIPTokenizer
        HerbertTokenizer OpenAIGPTTokenizer ReformerTokenizer LayoutLMv3Tokenizer Siglip2Tokenizer
        ParakeetTokenizer""",
    "wordpiece": """BertTokenizer DistilBertTokenizer FunnelTokenizer MPNetTokenizer LayoutLMv2Tokenizer SplinterTokenizer
        ConvBertTokenizer DPRReaderTokenizer ElectraTokenizerFast""",
    "unigram": """T5Tokenizer XLMRobertaTokenizer AlbertTokenizer CamembertTokenizer PegasusTokenizer
        BigBirdTokenizer DebertaV2Tokenizer BarthezTokenizer XLNetTokenizer RemBertTokenizer XGLMTokenizer UdopTokenizer
         FNetTokenizer""",
}
for kind, names in KINDS.items():
    for name in names.split():
        case(name, kind, {"tokenizer_class": name})
        case(name, kind, {"tokenizer_class": name, "add_prefix_space": False, "do_lower_case": True, "strip_accents": False,
                          "tokenize_chinese_chars": False, "keep_accents": True, "split_by_punct": True})
        case(name, kind, {"tokenizer_class": name, "add_prefix_space": True, "legacy": True, "do_lower_case": False, "strip_accents": True})
        if kind != "wordpiece":
            case(name, kind + "-map", {"tokenizer_class": name})

# Which class reads a folder.
for name in (None, "LlamaTokenizer", "LlamaTokenizerFast", "GPT2Tokenizer", "GPT2TokenizerFast", "PreTrainedTokenizerFast",
             "PreTrainedTokenizer", "TokenizersBackend", "UnknownTokenizer", "BloomTokenizerFast", "Qwen2TokenizerFast"):
    for model_type in (None, "llama", "mistral", "qwen2", "qwen3", "gemma3_text", "phi3", "gpt2", "unknown"):
        if name is None and model_type in (None, "unknown"):
            continue
        for base_name in ("bpe", "bytes") if name and "Llama" in name else ("bpe",):
            config = {} if name is None else {"tokenizer_class": name}
            case(name, base_name, config, None if model_type is None else {"model_type": model_type})
case("", "bpe", {}, {"model_type": "llama", "tokenizer_class": "GPT2TokenizerFast"})
case("", "bpe", {"tokenizer_class": "LlamaTokenizer"}, {"model_type": "qwen3", "tokenizer_class": "GPT2TokenizerFast"})
case("", "bpe", {"tokenizer_class": "LlamaTokenizer"}, {"model_type": "llama", "model_name": "phi3"})

# What the settings say of tokens.
for config in (
    {"unk_token": None, "bos_token": None}, {"bos_token": "a", "eos_token": {"__type": "AddedToken", "content": "ab", "lstrip": True}},
    {"pad_token": "<pad>", "add_bos_token": True, "add_eos_token": True}, {"extra_special_tokens": ["<x>", "<y>"]},
    {"additional_special_tokens": ["<x>", "<y>"]}, {"extra_special_tokens": {"image_token": "<img>"}}, {"image_token": "<img>"},
    {"added_tokens_decoder": {"3": {"content": "<unk>", "special": True}, "40": {"content": "<z>", "special": False, "rstrip": True}}},
):
    for name, base_name in (("LlamaTokenizer", "bpe"), ("GemmaTokenizer", "bpe-plain"), ("Qwen2Tokenizer", "bpe"), ("T5Tokenizer", "unigram"),
                            ("BertTokenizer", "wordpiece"), ("CodeLlamaTokenizer", "bpe"), ("TokenizersBackend", "bpe")):
        case(name, base_name, {"tokenizer_class": name, **config})

if __name__ == "__main__":
    text = json.dumps({"bases": BASES, "values": [json.loads(value) for value in VALUES], "cases": CASES}, ensure_ascii=False, separators=(",", ":"))
    (HERE / "classes.json").write_text(text)
    print(len(CASES), len(text))
