"""What llama.cpp does with GGUF vocabularies of every kind.

texts.json  texts that the ways to cut differ in
names.json  for each name of a pre-tokenizer whether it begins texts with the bos token, and a checksum of the ids of each
            text, and some ids in full, with the byte-level vocabulary of ../formats/bpe.gguf
t5.gguf     a Unigram vocabulary with a small map of characters, with user-defined and unused tokens
bert.gguf   a WordPiece vocabulary
kinds.json  their ids in llama.cpp, by the changes made to their metadata. "other" are the texts to which the `tokenizers`
            library gives other ids than llama.cpp: its own are in the file then

usage: python make_gguf.py
       (needs `pip install tokenizers sentencepiece gguf xllamacpp`; made with 0.23.3, 0.2.3, 0.19.0 and 2026.10.11549)
"""
import base64
import ctypes
import io
import json
import os
import random
import tempfile
from pathlib import Path

import gguf
import sentencepiece
import xllamacpp
from sentencepiece import sentencepiece_model_pb2
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

HERE = Path(__file__).resolve().parent
BPE = json.loads((HERE.parent / "formats/bpe.json").read_text(encoding="utf-8"))
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
RANDOM = random.Random(11)
LETTERS = list(
    "abcABCsStTdDlLvVeErRmM'' .,!?-_/\\$+<=>^~|`()[]{}0123456789012345678 \n\r\t\u000b\u0085\u00a0\u2003\u2028\u3000   éÉñßſKΩωΣЖждñ你好世界"
    "的あアｱ・한글ㄱㄅ！，。、…“”—：；€£©™→∑²½Ⅷ٣०١߁्َि्नमसे\u0301\u0308\u200c\u200d\u200b\ufeffǅʰªº中𠀀𪛞🤖👩🇨𐐀𞤀ก็ขກកꩠ\ufffd龥龦一ࠀ힣퟿\u3001\u303f।۔،µᏽⅎ㐀")
TEXTS = [
    "<sentinel:12>x<sentinel:a>", "IMGIMGABCDZ IMGIMGZ", "    x      y  \n", "1234567 12 123456 a1234 abc123 ²1234", "'ſ x'ſ I'LL'll don'tx",
    " " * 700 + "x", "a b c  d e\n f", "Éa éÉa aB ABc ABCdef приветМир", "你\u3000好", "xyz zz xyz", " zz", "<|im_start|>user\nhi<|im_end|>\n",
    "  two  spaces\tand\ttabs\n\nnewlines \n ", "▁ marks ▁▁ in text", "The quick brown fox, don't panic!", "한국어 и русский العربية हिन्दी",
] + ["".join(RANDOM.choice(LETTERS) for _ in range(RANDOM.randint(1, 40))) for _ in range(284)]


def checksum(numbers):
    """FNV-1a, 32 bits."""
    value = 0x811C9DC5
    for i in numbers:
        value = (value ^ i) * 0x01000193 & 0xFFFFFFFF
    return value


def write(name, value):
    path = HERE / name
    path.write_text(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
    print(path, path.stat().st_size)


def answers(encode):
    """A checksum of the ids of each text, and every fiftieth in full."""
    ids = [encode(text) for text in TEXTS]
    return {"checksums": [checksum(row) for row in ids], "full": {str(i): ids[i] for i in range(0, len(ids), 50)}}


class Parameters(ctypes.Structure):
    _fields_ = [("bytes", ctypes.c_ubyte * 256)]


LIBRARY = ctypes.CDLL(os.path.join(os.path.dirname(xllamacpp.__file__), "xllamacpp.abi3.so"))
LIBRARY.llama_model_default_params.restype = Parameters
LIBRARY.llama_model_load_from_file.argtypes = [ctypes.c_char_p, Parameters]
LIBRARY.llama_model_load_from_file.restype = ctypes.c_void_p
LIBRARY.llama_model_get_vocab.argtypes = [ctypes.c_void_p]
LIBRARY.llama_model_get_vocab.restype = ctypes.c_void_p
LIBRARY.llama_tokenize.argtypes = [
    ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int32, ctypes.POINTER(ctypes.c_int32), ctypes.c_int32, ctypes.c_bool, ctypes.c_bool]
LIBRARY.llama_vocab_get_add_bos.argtypes = [ctypes.c_void_p]
LIBRARY.llama_vocab_get_add_bos.restype = ctypes.c_bool
LOG = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)(lambda level, text, data: None)
LIBRARY.llama_log_set(LOG, None)
LIBRARY.llama_backend_init()


class LlamaCpp:
    """A vocabulary in llama.cpp."""

    def __init__(self, path):
        parameters = LIBRARY.llama_model_default_params()
        parameters.bytes[72] = 1  # vocab_only
        model = LIBRARY.llama_model_load_from_file(str(path).encode(), parameters)
        assert model, path
        self.vocab = LIBRARY.llama_model_get_vocab(model)
        self.adds_bos = LIBRARY.llama_vocab_get_add_bos(self.vocab)

    def encode(self, text):
        utf8 = text.encode()
        ids = (ctypes.c_int32 * (2 * len(utf8) + 16))()
        count = LIBRARY.llama_tokenize(self.vocab, utf8, len(utf8), ids, len(ids), False, True)
        assert count >= 0
        return list(ids[:count])


def write_gguf(path, model, tokens, types, pre="default", merges=None, scores=None, charsmap=None, flags={}, ids={}):
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_tokenizer_model(model)
    writer.add_tokenizer_pre(pre)
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    if merges is not None:
        writer.add_token_merges(merges)
    if scores is not None:
        writer.add_token_scores(scores)
    if charsmap is not None:
        writer.add_precompiled_charsmap(charsmap)
    for role, id in ids.items():
        writer.add_uint32(f"tokenizer.ggml.{role}_token_id", id)
    for flag, value in flags.items():
        writer.add_bool(f"tokenizer.ggml.{flag}", value)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()


NAMES = """gpt-2 smollm llama-bpe qwen2 qwen35 default falcon phi-2 mpt olmo jais trillion granite-docling gigachat exaone4 a.x-4.0 mellum
modern-bert jina-es jina-de jina-v2-es jina-v2-de jina-v1-en jina-v2-code roberta-bpe starcoder refact command-r codeshell exaone minerva-7b
mellum2 llama3 llama-v3 falcon3 falcon-h1 pixtral midm-2.0 lfm2 jina-v5-nano glm4 glm5 chatglm-bpe dbrx smaug-bpe deepseek-r1-qwen megrez kormo
stablelm2 hunyuan solar-open grok-2 f2llmv2 jais-2 deepseek-llm deepseek-coder deepseek-v3 hunyuan-dense joyai-llm hy_v4 spark2_5 youtu bloom
poro-chat gpt3-finnish viking tekken gpt-4o llama4 kanana2 talkie minimax-m2 granite-embed-multi-97m kimi-k2 superbpe bailingmoe bailingmoe2
llada-moe seed-coder ufakzeka afmoe laguna exaone-moe minicpm5 k2-horizon chameleon""".split()
write("texts.json", {"texts": TEXTS})
names, seen = {}, {}
with tempfile.TemporaryDirectory() as folder:
    vocab, merges = BPE["model"]["vocab"], [" ".join(pair) for pair in BPE["model"]["merges"]]
    tokens = sorted(vocab, key=vocab.get) + ["<think>", "  ", f"[PAD{len(vocab) + 2}]", "Ġzz", "xyz"]
    types = [3 if token in SPECIAL else 1 for token in tokens[:-5]] + [4, 4, 5, 1, 1]
    for name in NAMES:
        path = Path(folder, f"{name}.gguf")
        write_gguf(path, "gpt2", tokens, types, name, merges, ids={"bos": 1, "eos": 2})
        llama = LlamaCpp(path)
        result = answers(llama.encode)
        same = seen.setdefault(tuple(result["checksums"]), name)
        names[name] = {"adds_bos": llama.adds_bos, **(result if same == name else {"same": same})}
write("names.json", names)

# Unigram, with a map that is small enough.
CORPUS = """The quick brown fox jumps over the lazy dog. Don't panic: we're here, they've gone, I'll stay, she'd know.
A tokenizer cuts a text into words and merges the characters of each word, the most frequent pair first.
你好，世界！你是谁？我是一个小小的语言模型，由喜欢小模型的人们训练。今天的天气很好，我们去公园散步吧。
数字 0 1 2 3 4 5 6 7 8 9 10 12 128 256 512 1024 2024 3.14159 émigré naïve café señor привет мир
""" * 4
RULES = [("Ａ", "A"), ("ｂ", "b"), ("\u3000", " "), ("\t", " "), ("\n", " "), ("①", "1"), ("½", "1⁄2"), ("ﬁ", "fi"), ("e\u0301", "é"), ("\u200b", "")]
with tempfile.TemporaryDirectory() as folder:
    rules = Path(folder, "rules.tsv")
    rules.write_text("".join(
        " ".join(f"{ord(c):X}" for c in old) + "\t" + " ".join(f"{ord(c):X}" for c in new) + "\n" for old, new in RULES), encoding="utf-8")
    trained = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(CORPUS.split("\n")), model_writer=trained, model_type="unigram", vocab_size=260, hard_vocab_limit=False, normalization_rule_tsv=str(rules),
        pad_id=0, eos_id=1, unk_id=2, bos_id=-1, user_defined_symbols=["<extra_id_0>", "<think>"], character_coverage=0.98, minloglevel=2)
proto = sentencepiece_model_pb2.ModelProto.FromString(trained.getvalue())
pieces = [(piece.piece, piece.score, piece.type) for piece in proto.pieces]
pieces += [(f"[PAD{len(pieces) + i}]", -10000.0, 5) for i in range(2)]
charsmap = proto.normalizer_spec.precompiled_charsmap
UNIGRAM = {"merging": {"remove_extra_whitespaces": True, "add_space_prefix": True}, "prefix": {"add_space_prefix": True}, "plain": {}}
kinds = {}


def unigram_file(path, flags):
    write_gguf(path, "t5", [p[0] for p in pieces], [p[2] for p in pieces], scores=[p[1] for p in pieces], charsmap=charsmap,
               flags=flags, ids={"eos": 1, "padding": 0, "unknown": 2})


def unigram(flags):
    replace = lambda pattern, content: normalizers.Replace(pattern, content)
    from tokenizers import Regex
    stages = [normalizers.Precompiled(charsmap)]
    if flags.get("remove_extra_whitespaces"):
        stages += [replace(Regex(r"\A +| +\z"), ""), replace(Regex(" {2,}"), " "), normalizers.Prepend(" ")]
    elif flags.get("add_space_prefix"):
        stages += [normalizers.Prepend(" "), replace(Regex(r"\A (?= *\z)"), "")]
    tokenizer = Tokenizer(models.Unigram([(p, s if t in (1, 5) else 0.0) for p, s, t in pieces[:-2]], 2, False))
    tokenizer.normalizer = normalizers.Sequence(stages + [replace(" ", "▁")])
    tokenizer.add_special_tokens([p for p, _, t in pieces if t in (2, 3)])
    from tokenizers import AddedToken
    tokenizer.add_tokens([AddedToken(p, normalized=False) for p, _, t in pieces if t == 4])
    return tokenizer


def kind(llama, library):
    other = {}
    for index, text in enumerate(TEXTS):
        ids = library.encode(text, add_special_tokens=False).ids
        if ids != llama.encode(text):
            other[str(index)] = ids
    return {"adds_bos": llama.adds_bos, **answers(llama.encode), "other": other}


for name, flags in UNIGRAM.items():
    path = HERE / "t5.gguf" if name == "merging" else Path(tempfile.mkdtemp(), "t5.gguf")
    unigram_file(path, flags)
    kinds["t5, " + name] = {"flags": flags, **kind(LlamaCpp(path), unigram(flags))}

# WordPiece.
tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=10000))
tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
tokenizer.train_from_iterator(CORPUS.split("\n"), trainers.WordPieceTrainer(
    vocab_size=400, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], show_progress=False))
words = sorted(tokenizer.get_vocab(), key=tokenizer.get_vocab().get)
for name, flags in {"uncased": {}, "accents": {"normalizer.lowercase": True, "normalizer.strip_accents": False}, "cased": {"normalizer.lowercase": False}}.items():
    path = HERE / "bert.gguf" if name == "uncased" else Path(tempfile.mkdtemp(), "bert.gguf")
    spelled = [word if word[0] == "[" and word[-1] == "]" else word[2:] if word.startswith("##") else "▁" + word for word in words]
    write_gguf(path, "bert", spelled, [3 if i < 5 else 1 for i in range(len(words))], flags=flags,
               ids={"bos": 2, "seperator": 3, "unknown": 1, "padding": 0, "mask": 4})
    lowercase = flags.get("normalizer.lowercase", True)
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase, strip_accents=flags.get("normalizer.strip_accents", lowercase))
    kinds["bert, " + name] = {"flags": flags, **kind(LlamaCpp(path), tokenizer)}
for name, value in kinds.items():
    print(name, "other:", len(value["other"]))
write("kinds.json", kinds)
