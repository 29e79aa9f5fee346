#!/usr/bin/env python3
"""What other libraries make of our files: one command a question, the answer as JSON on standard output.

The tests call it with the Python of .build/peers/venv, which `make peers` makes. Each command loads the real
library, on the CPU, without a network. Numbers in quantity are written to a safetensors file (--out). Token ids are
given as JSON, a list of lists, or as @FILE with that JSON in it.
"""
import argparse
import importlib
import json
import os
import sys
from pathlib import Path

THREADS = 2


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name, function, help):
        added = commands.add_parser(name, help=help, description=help)
        added.set_defaults(function=function)
        return added

    def add_base(parser):
        base = parser.add_mutually_exclusive_group(required=True)
        base.add_argument("--model", type=Path, help="Hugging Face folder")
        base.add_argument("--gguf", type=Path, help="GGUF file, its tensors made float32")

    def add_ids(parser):
        parser.add_argument("--ids", type=given, required=True, help="rows of token ids")

    def add_out(parser, required=True):
        parser.add_argument("--out", type=Path, required=required, help="what to write")

    def add_generation(parser):
        parser.add_argument("--max-new-tokens", type=int, default=64)

    logits = command("logits", "transformers_models:logits", "logits of transformers: `N` [tokens, vocabulary] a row N")
    logits.add_argument("--model", type=Path, required=True, help="Hugging Face folder")
    logits.add_argument("--adapter", type=Path, help="PEFT folder")
    add_ids(logits)
    add_out(logits)

    logits_gguf = command("logits-gguf", "transformers_models:logits", "logits of transformers, the GGUF made float32")
    logits_gguf.add_argument("--gguf", type=Path, required=True)
    logits_gguf.add_argument("--adapter", type=Path, help="PEFT folder")
    add_ids(logits_gguf)
    add_out(logits_gguf)

    generate = command("generate", "transformers_models:generate", "greedy answers of transformers, chat template applied")
    add_base(generate)
    generate.add_argument("--adapter", type=Path, help="PEFT folder")
    generate.add_argument(
        "--prompts", type=given, required=True, help="JSON or @FILE: a list of user messages, or of lists of messages")
    add_generation(generate)

    tokenize = command("tokenize", "transformers_models:tokenize", "token ids of texts by Hugging Face tokenizers")
    tokenizer = tokenize.add_mutually_exclusive_group(required=True)
    tokenizer.add_argument("--tokenizer", type=Path, help="folder with tokenizer.json")
    tokenizer.add_argument("--gguf", type=Path, help="GGUF file with a vocabulary")
    tokenize.add_argument("--texts", type=given, required=True, help="JSON or @FILE: a list of texts")
    tokenize.add_argument("--chat", action="store_true", help="the texts are user messages or lists of messages")

    make_model = command("make-model", "transformers_models:make_model", "writes a tiny random model as a Hugging Face folder")
    make_model.add_argument("--kind", choices=("llama", "qwen3", "qwen3_moe"), required=True)
    make_model.add_argument("--dtype", choices=("float32", "float16", "bfloat16"), default="float32")
    make_model.add_argument("--shards", type=int, default=1, help="about how many files")
    make_model.add_argument("--untied", action="store_true", help="an output projection of its own")
    make_model.add_argument("--config", type=given, default={}, help="JSON: entries of config.json to set")
    make_model.add_argument(
        "--published", action="store_true", help="config.json with the names that folders on the hub have")
    make_model.add_argument("--seed", type=int, default=1)
    add_out(make_model)

    peft_make = command("peft-make", "peft_adapters:make", "writes a random PEFT adapter whose B is not zero")
    add_base(peft_make)
    peft_make.add_argument("--rank", type=int, required=True)
    peft_make.add_argument("--alpha", type=float, help="the rank unless given")
    peft_make.add_argument("--targets", required=True, help="names of linears with commas, or all-linear")
    peft_make.add_argument("--dora", action="store_true")
    peft_make.add_argument("--rslora", action="store_true")
    peft_make.add_argument("--config", type=given, default={}, help="JSON: other entries of the adapter's configuration")
    peft_make.add_argument("--seed", type=int, default=2)
    add_out(peft_make)

    peft_train = command("peft-train", "peft_adapters:train", "trains a PEFT adapter with PyTorch; losses and norms a step")
    add_base(peft_train)
    peft_train.add_argument(
        "--batches", type=Path, required=True, help="safetensors: ids and labels [batches, rows, tokens]; "
        "labels[t] is what follows ids[t], -100 where it does not count")
    peft_train.add_argument("--adapter-init", type=Path, required=True, help="PEFT folder")
    peft_train.add_argument("--steps", type=int, default=40, help="the batches are begun again when they are used up")
    peft_train.add_argument("--lr", type=float, required=True)
    peft_train.add_argument("--clip", type=float, default=1.0)
    add_out(peft_train, required=False)

    generate_llama = command("generate-llama", "llama_models:generate", "greedy answers of llama.cpp to token ids")
    generate_llama.add_argument("--gguf", type=Path, required=True)
    generate_llama.add_argument("--lora", type=Path, help="adapter as GGUF")
    add_ids(generate_llama)
    add_generation(generate_llama)

    logits_llama = command("logits-llama", "llama_models:logits", "logits of llama.cpp: `N` [tokens, vocabulary] a row N")
    logits_llama.add_argument("--gguf", type=Path, required=True)
    logits_llama.add_argument("--lora", type=Path, help="adapter as GGUF")
    add_ids(logits_llama)
    add_out(logits_llama)

    tokenize_llama = command("tokenize-llama", "llama_models:tokenize", "token ids of texts by llama.cpp")
    tokenize_llama.add_argument("--gguf", type=Path, required=True)
    tokenize_llama.add_argument("--texts", type=given, required=True, help="JSON or @FILE: a list of texts")

    gguf_quantize = command("gguf-quantize", "llama_models:quantize", "quantizes a model's GGUF with llama.cpp")
    gguf_quantize.add_argument("--gguf", type=Path, required=True)
    gguf_quantize.add_argument("--type", required=True, help="as llama.cpp names them: F32, Q8_0, Q4_K_M, …")
    add_out(gguf_quantize)

    gguf_make = command("gguf-make", "gguf_files:make", "writes tensors as GGUF with the gguf package")
    gguf_make.add_argument("--tensors", type=Path, required=True, help="safetensors of float32")
    gguf_make.add_argument("--type", default="F32", help="of all tensors: F32, F16, Q8_0, Q4_K, …")
    gguf_make.add_argument("--types", type=given, default={}, help="JSON: types of single tensors by name")
    gguf_make.add_argument("--architecture", default="llama")
    gguf_make.add_argument("--metadata", type=given, default={}, help="JSON: further keys, by type as JSON has them")
    add_out(gguf_make)

    gguf_dump = command("gguf-dump", "gguf_files:dump", "what the gguf package reads: metadata and tensors")
    gguf_dump.add_argument("file", type=Path)
    gguf_dump.add_argument("--values", nargs="+", metavar="NAME", help="tensors to write to --out as float32")
    add_out(gguf_dump, required=False)

    for name in ("torch-load", "safetensors-load"):
        load = command(name, f"tensor_files:{name.split('-')[0]}_load", "names, shapes, types and hashes of a file's tensors")
        load.add_argument("file", type=Path)
        load.add_argument("--values", action="store_true", help="values too")

    mlx_logits = command("mlx-logits", "mlx_models:logits", "logits of mlx-lm: `N` [tokens, vocabulary] a row N")
    mlx_logits.add_argument("--model", type=Path, required=True, help="Hugging Face folder")
    mlx_logits.add_argument("--adapter", type=Path, help="folder with an MLX adapter")
    add_ids(mlx_logits)
    add_out(mlx_logits)

    mlx_make = command("mlx-make", "mlx_models:make", "writes a random MLX adapter whose B is not zero")
    mlx_make.add_argument("--model", type=Path, required=True)
    mlx_make.add_argument("--rank", type=int, required=True)
    mlx_make.add_argument("--scale", type=float, default=1.0)
    mlx_make.add_argument("--layers", type=int, default=-1, help="how many of the last layers; all unless given")
    mlx_make.add_argument("--keys", required=True, help="names of linears in a layer with commas: self_attn.q_proj,…")
    mlx_make.add_argument("--dora", action="store_true")
    mlx_make.add_argument("--seed", type=int, default=3)
    add_out(mlx_make)

    browse = command("browse", "browser:browse", "what a browser says of a page: errors, requests, layout, what is drawn")
    browse.add_argument("--page", type=Path, required=True, help="HTML file")
    browse.add_argument("--views", type=given, required=True, help="JSON: width, height and whether it is dark, of each")
    add_out(browse, required=False)

    wandb_run = command("wandb-run", "wandb_runs:run", "what Weights & Biases' client keeps of an offline run")
    wandb_run.add_argument("folder", type=Path, help="offline-run-…")

    commands.add_parser(
        "chat-templates", help="chat templates of published models, with conversations as transformers writes them"
    ).set_defaults(function="chat_templates:templates")
    families = command("family-models", "family_runs:make", "a folder of a tiny model a family")
    families.add_argument("--vocabulary", type=int, required=True)
    add_out(families)
    runs = command("family-runs", "family_runs:run", "losses of trainings as PyTorch has them")
    runs.add_argument("--samples", type=given, required=True, help="JSON or @FILE: ids and mask of each sample")
    runs.add_argument("--runs", type=given, required=True, help="JSON or @FILE: folders and rates of each training")
    commands.add_parser("versions", help="versions of the packages").set_defaults(function="versions:versions")

    each = commands.add_parser("each", help="runs several commands one after the other and answers with a list")
    each.add_argument("--commands", type=given, required=True, help="JSON or @FILE: a list of lists of arguments")
    return parser.parse_args(arguments)


def given(text):
    return json.loads(Path(text[1:]).read_text() if text.startswith("@") else text)


def standard_output_for_json_alone():
    """The real standard output; whatever libraries print goes to standard error."""
    output = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return output


def answer(options):
    if hasattr(options, "commands"):
        return [answer(parse(command)) for command in options.commands]
    options.threads = THREADS
    module, function = options.function.split(":")
    return getattr(importlib.import_module(module), function)(options)


def main():
    options = parse(sys.argv[1:])
    os.environ.update(
        HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false", TRANSFORMERS_NO_ADVISORY_WARNINGS="1",
        HF_HUB_DISABLE_PROGRESS_BARS="1", OMP_NUM_THREADS=str(THREADS),
        OMP_WAIT_POLICY="passive")  # spinning threads of several peers at once would keep each other from work
    with standard_output_for_json_alone() as output:
        json.dump(answer(options), output, ensure_ascii=False)
        output.write("\n")


if __name__ == "__main__":
    sys.exit(main())
