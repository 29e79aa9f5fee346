#!/usr/bin/env python3
"""Trains the byte-level BPE tokenizer of the example on its own texts.

usage: make_tokenizer.py [--vocabulary-size N]

Reads corpus.jsonl and lora_identity.jsonl, writes tokenizer.json and
tokenizer_config.json beside this script. The layout is that of the published
MiniMind tokenizer: <unk> = 0 also pads, <s> = 1 and </s> = 2 enclose a message,
and the chat template has the same form with a system prompt of its own.
Needs `pip install tokenizers`.
"""
import argparse
import json
import pathlib

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

FOLDER = pathlib.Path(__file__).resolve().parent
SPECIAL_TOKENS = ["<unk>", "<s>", "</s>"]
SYSTEM_PROMPT = "你是一个小助手，请简短回答。"
# In bytes: whole words, but no whole sentences, of a corpus that repeats its
# sentences. Four Chinese characters are twelve bytes.
LONGEST_TOKEN = 12

CHAT_TEMPLATE = (
    "{% if messages[0]['role'] == 'system' %}"
    "{% set system_message = messages[0]['content'] %}"
    "{{ '<s>system\\n' + system_message + '</s>\\n' }}"
    "{% else %}"
    "{{ '<s>system\\n" + SYSTEM_PROMPT + "</s>\\n' }}"
    "{% endif %}"
    "{% for message in messages %}"
    "{% set content = message['content'] %}"
    "{% if message['role'] == 'user' %}"
    "{{ '<s>user\\n' + content + '</s>\\n<s>assistant\\n' }}"
    "{% elif message['role'] == 'assistant' %}"
    "{{ content + '</s>' + '\\n' }}"
    "{% endif %}"
    "{% endfor %}"
)


def texts():
    """Every message once, so that repeated answers do not become single tokens.

    What stands in every prompt comes often, so that it costs few tokens.
    """
    seen = {}
    for name in ("corpus.jsonl", "lora_identity.jsonl"):
        with open(FOLDER / name, encoding="utf-8") as lines:
            for line in lines:
                for message in json.loads(line)["conversations"]:
                    seen.setdefault(message["content"])
    return list(seen) + [SYSTEM_PROMPT, "system", "user", "assistant"] * 500


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vocabulary-size", type=int, default=2048)
    arguments = parser.parse_args()

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(
        texts(),
        trainers.BpeTrainer(
            vocab_size=arguments.vocabulary_size,
            special_tokens=SPECIAL_TOKENS,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            max_token_length=LONGEST_TOKEN,
            show_progress=False,
        ),
    )
    tokenizer.save(str(FOLDER / "tokenizer.json"))

    added = {
        str(identifier): {
            "content": token,
            "lstrip": False,
            "normalized": False,
            "rstrip": False,
            "single_word": False,
            "special": True,
        }
        for identifier, token in enumerate(SPECIAL_TOKENS)
    }
    configuration = {
        "add_bos_token": False,
        "add_eos_token": False,
        "add_prefix_space": False,
        "added_tokens_decoder": added,
        "additional_special_tokens": [],
        "bos_token": "<s>",
        "clean_up_tokenization_spaces": False,
        "eos_token": "</s>",
        "legacy": True,
        "model_max_length": 32768,
        "pad_token": "<unk>",
        "spaces_between_special_tokens": False,
        "tokenizer_class": "PreTrainedTokenizerFast",
        "unk_token": "<unk>",
        "chat_template": CHAT_TEMPLATE,
    }
    text = json.dumps(configuration, ensure_ascii=False, indent=2) + "\n"
    (FOLDER / "tokenizer_config.json").write_text(text, encoding="utf-8")
    print(f"{FOLDER / 'tokenizer.json'}: {tokenizer.get_vocab_size()} tokens")


if __name__ == "__main__":
    main()
