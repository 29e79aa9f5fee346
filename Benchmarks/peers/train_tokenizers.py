"""Trains tokenizers of several kinds on a text, each in a folder of its own.

The vocabularies are of this text; what is around them is that of the published models, as Tests/DataTests/Fixtures/kinds has it.
"""
import argparse
import json
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

FIXTURES = Path(__file__).resolve().parents[2] / "Tests" / "DataTests" / "Fixtures" / "kinds"
BERT_TOKENS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
# Of a kind: the kind of the fixture, and the vocabulary that it takes.
KINDS = {
    "qwen2": ("qwen2", "bytes"), "cl100k": ("phi4", "bytes"), "o200k": ("gpt-oss", "bytes"), "tekken": ("tekken", "bytes"), "deepseek3": ("deepseek3", "bytes"),
    "gpt2": ("gpt2", "bytes"), "llama2": ("llama2", "pieces"), "llama2-v5": ("llama2, v5", "pieces"), "gemma": ("gemma2", "pieces"), "t5": ("t5", "unigram"), "xlm-roberta": ("xlm-roberta", "unigram"),
    "bert": ("bert", "wordpiece"), "clip": ("clip", "clip")}


def of_kind(base, kind):
    """The stages of a kind around an empty model."""
    root = {**base, **json.loads(json.dumps(kind.get("fields", {})))}
    return root["normalizer"], root["pre_tokenizer"], root["decoder"]


class Maker:
    def __init__(self, text, size):
        self.lines = text.read_text("utf-8").split("\n")
        self.size = size
        self.bases = json.loads((FIXTURES / "bases.json").read_text("utf-8"))
        self.kinds = {}
        for group in ("bytes", "pieces"):
            self.kinds.update(json.loads((FIXTURES / f"{group}.json").read_text("utf-8")))
        self.trained = {}

    def model(self, name):
        if name not in self.trained:
            self.trained[name] = json.loads(getattr(self, name)().to_str())
        return self.trained[name]

    def bytes(self):
        tokenizer = Tokenizer(models.BPE())
        pattern = self.kinds["gpt-oss"]["fields"]["pre_tokenizer"]["pretokenizers"][0]["pattern"]["Regex"]
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(pattern), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
        tokenizer.train_from_iterator(self.lines, trainers.BpeTrainer(
            vocab_size=self.size, special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
        return tokenizer

    def clip(self):
        tokenizer = Tokenizer(models.BPE(end_of_word_suffix="</w>", unk_token="<|endoftext|>"))
        tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
            pre_tokenizers.Split(Regex(r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"), "removed", invert=True), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
        alphabet = pre_tokenizers.ByteLevel.alphabet()
        tokenizer.train_from_iterator(self.lines, trainers.BpeTrainer(
            vocab_size=self.size, special_tokens=["<|startoftext|>", "<|endoftext|>"], initial_alphabet=alphabet, end_of_word_suffix="</w>", show_progress=False))
        root = json.loads(tokenizer.to_str())
        for letter in sorted(alphabet):
            root["model"]["vocab"].setdefault(letter + "</w>", len(root["model"]["vocab"]))
        return Tokenizer.from_str(json.dumps(root))

    def pieces(self):
        tokenizer = Tokenizer(models.BPE(byte_fallback=True, fuse_unk=True, unk_token="<unk>"))
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
        tokenizer.train_from_iterator(self.lines, trainers.BpeTrainer(
            vocab_size=self.size, special_tokens=["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)], limit_alphabet=2000, show_progress=False))
        root = json.loads(tokenizer.to_str())
        root["added_tokens"] = root["added_tokens"][:3]
        return Tokenizer.from_str(json.dumps(root))

    def unigram(self):
        tokenizer = Tokenizer(models.Unigram())
        tokenizer.normalizer = normalizers.NFKC()
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
        tokenizer.train_from_iterator(self.lines, trainers.UnigramTrainer(
            vocab_size=min(self.size, 8000), special_tokens=["<pad>", "</s>", "<unk>"], unk_token="<unk>", show_progress=False))
        return tokenizer

    def wordpiece(self):
        tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
        tokenizer.normalizer = normalizers.BertNormalizer()
        tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        tokenizer.decoder = decoders.WordPiece()
        tokenizer.train_from_iterator(self.lines, trainers.WordPieceTrainer(vocab_size=self.size, special_tokens=BERT_TOKENS, limit_alphabet=3000, show_progress=False))
        return tokenizer

    def write(self, name, folder):
        kind, vocabulary = KINDS[name]
        kind = self.kinds[kind]
        model = self.model(vocabulary)
        fields = json.loads(json.dumps(kind.get("fields", {})).replace("$charsmap", self.bases["charsmap"]))
        # What the fixture adds has ids of its own vocabulary, and nothing is put around a text here.
        for key in ("added_tokens", "post_processor"):
            fields.pop(key, None)
        stages = {key: self.bases[kind["base"]][key] for key in ("normalizer", "pre_tokenizer", "decoder")}
        root = {**model, **stages, **fields, "post_processor": None}
        root["model"].update(kind.get("model", {}))
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "tokenizer.json").write_text(Tokenizer.from_str(json.dumps(root)).to_str(), "utf-8")
        (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "PreTrainedTokenizerFast"}\n')


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--text", type=Path, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--size", type=int, default=30_000, help="tokens of a vocabulary; a Unigram one has 8,000 at most")
    parser.add_argument("kinds", nargs="*", default=list(KINDS))
    options = parser.parse_args()
    maker = Maker(options.text, options.size)
    for name in options.kinds:
        maker.write(name, options.folder / name)


if __name__ == "__main__":
    main()
