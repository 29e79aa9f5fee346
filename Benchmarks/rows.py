"""The rows of the comparison: what is run here, what is run of the peer, and what counts."""
import shutil
from dataclasses import dataclass
from typing import Callable, Optional

from environment import BENCHMARKS, BenchError, Setting
from inputs import MINIMIND, SMOLLM2
from measure import Outcome

PYTORCH = "PyTorch, tuned"
# 96 conversations make six batches of 16: 20 steps less 2 of warm-up time each batch three times, so that
# the median is of sizes that were met before, as nearly all steps of a run are.
STEPS = 20
FEW_STEPS = 5


@dataclass(frozen=True)
class Quantity:
    unit: str
    digits: int
    higher_is_better: bool
    of: Callable[[Outcome], float]


def reported(key):
    def read(outcome):
        if key not in outcome.report:
            raise BenchError(f"the command's report has no {key!r}: {outcome.report}")
        return outcome.report[key]

    return read


STEP = Quantity("s a step", 3, False, reported("seconds_per_step"))
PROCESS = Quantity("s", 2, False, lambda outcome: outcome.seconds)
MEMORY = Quantity("GB", 2, False, lambda outcome: outcome.peak_memory / 1e9)
GENERATION = Quantity("tokens/s", 0, True, reported("tokens_per_second"))
ENCODING = Quantity("MB/s", 1, True, reported("megabytes_per_second"))


@dataclass(frozen=True)
class Row:
    name: str
    title: str
    quantity: Quantity
    ours: Callable[[Setting], list]
    peer: Callable[[Setting], list]
    peer_name: str = PYTORCH
    target: Optional[float] = None  # of our value
    target_share: Optional[float] = None  # of the matrix products' peak
    target_ratio: Optional[float] = None  # of the peer's value to ours


def bench_step(setting, *flags, threads=None):
    return [setting.command, "bench", "step", *flags, "--threads", threads or setting.threads, "--json"]


def recipe(setting, data=None):
    """The flags of the default recipe, the same for both sides."""
    return [
        "--base_path", setting.base, "--data_path", data or setting.identity, "--tokenizer_path", setting.tokenizer,
        *MINIMIND.flags(), "--batch_size", 16, "--max_seq_len", 512]


def our_recipe(dtype, data=None, steps=STEPS, threads=None):
    def command(setting):
        flags = recipe(setting, data and data(setting))
        return bench_step(setting, *flags, "--dtype", dtype, "--steps", steps, threads=threads)

    return command


def peer_recipe(dtype, *extra, data=None, steps=STEPS):
    def command(setting):
        flags = recipe(setting, data and data(setting))
        return peer(setting, "train.py", *flags, "--dtype", dtype, "--steps", steps, *extra)

    return command


def peer(setting, script, *flags):
    return [setting.python, BENCHMARKS / "peers" / script, *flags, "--threads", setting.threads]


def our_training(epochs, data=None):
    """The command as a user types it, with all that a run does: reading, training, saving."""

    def command(setting):
        shutil.rmtree(setting.out, ignore_errors=True)
        return [
            setting.command, "train", *recipe(setting, data and data(setting)), "--dtype", "bfloat16",
            "--epochs", epochs, "--threads", setting.threads, "--out_dir", setting.out]

    return command


def our_smollm2(setting):
    return bench_step(
        setting, "--base_path", setting.smollm2, "--data_path", setting.identity, "--tokenizer_path",
        setting.tokenizer, *SMOLLM2.flags(vocabulary=True), "--batch_size", 8, "--max_seq_len", 512, "--dtype",
        "bfloat16", "--steps", STEPS)


def peft_smollm2(setting):
    return peer(
        setting, "train_peft.py", "--data_path", setting.identity, "--tokenizer_path", setting.tokenizer,
        "--batch_size", 8, "--max_seq_len", 512, "--dtype", "bfloat16", "--steps", STEPS)


def generation_flags(setting, dtype):
    return ["--base_path", setting.base, *MINIMIND.flags(), "--tokens", 256, "--dtype", dtype]


def our_generation(dtype):
    return lambda setting: [
        setting.command, "bench", "generate", *generation_flags(setting, dtype), "--threads", setting.threads, "--json"]


def peer_generation(dtype):
    return lambda setting: peer(setting, "generate.py", *generation_flags(setting, dtype))


def encoding_flags(setting):
    return ["--tokenizer_path", setting.tokenizer, "--data_path", setting.text]


def first_step(setting):
    return setting.first_step


def long_rows(setting):
    return setting.long


ROWS = [
    Row("default-bf16", "default recipe, bfloat16", STEP, our_recipe("bfloat16"), peer_recipe("bfloat16"), target=0.20),
    Row("default-f32", "default recipe, float32", STEP, our_recipe("float32"), peer_recipe("float32"), target=0.35),
    Row("published", "the same, float32, against every row padded to 512", STEP, our_recipe("float32"),
        peer_recipe("float32", "--padded", steps=FEW_STEPS), peer_name="PyTorch, as published"),
    Row("full-rows", "full rows of 512 tokens, batch 16, bfloat16", STEP,
        our_recipe("bfloat16", long_rows, FEW_STEPS), peer_recipe("bfloat16", data=long_rows, steps=FEW_STEPS),
        target=1.5, target_share=0.60),
    Row("smollm2", "shape of SmolLM2-135M, batch 8, bfloat16", STEP, our_smollm2, peft_smollm2,
        peer_name="Hugging Face PEFT", target=0.40),
    Row("memory", "peak memory, default recipe", MEMORY, our_training(epochs=2), peer_recipe("bfloat16", steps=12),
        target=0.35),
    Row("start", "a run of one step, from start to end", PROCESS, our_training(epochs=1, data=first_step),
        peer_recipe("bfloat16", data=first_step, steps=1), target=0.6),
    Row("generate-bf16", "greedy generation, batch 1, bfloat16", GENERATION, our_generation("bfloat16"),
        peer_generation("bfloat16"), target=350),
    Row("generate-f32", "greedy generation, batch 1, float32", GENERATION, our_generation("float32"),
        peer_generation("float32"), target=350),
    Row("tokenizer", "tokenizer, one thread", ENCODING,
        lambda setting: [setting.command, "bench", "tokenizer", *encoding_flags(setting), "--json"],
        lambda setting: [setting.python, BENCHMARKS / "peers" / "encode.py", *encoding_flags(setting)],
        peer_name="Hugging Face tokenizers", target=30),
    Row("threads", "two threads against one, default recipe, bfloat16", STEP, our_recipe("bfloat16", threads=2),
        our_recipe("bfloat16", threads=1), peer_name="lora-train, one thread", target_ratio=1.85),
]


@dataclass(frozen=True)
class Scaling:
    """How the time of a step grows with one size; the other sizes stay."""

    name: str
    title: str
    axis: str
    values: tuple
    reference: int  # the value through which the prediction goes
    flags: Callable[[int], list]

    def command(self, setting, value):
        return bench_step(setting, *self.flags(value), "--dtype", "bfloat16", "--steps", FEW_STEPS)


def sizes(layers=8, batch=16, length=128):
    return [
        "--dim", MINIMIND.dim, "--n_layers", layers, "--n_heads", MINIMIND.heads, "--n_kv_heads", MINIMIND.kv_heads,
        "--vocab_size", MINIMIND.vocabulary, "--batch_size", batch, "--row_length", length, "--max_seq_len", length]


SCALINGS = [
    Scaling("scale-layers", "Time against layers (dim 512, batch 16, rows of 128 tokens, bfloat16)", "layers",
            (4, 8, 16, 32), 8, lambda layers: sizes(layers=layers)),
    Scaling("scale-batch", "Time against batch size (dim 512, 8 layers, rows of 128 tokens, bfloat16)", "rows a batch",
            (4, 8, 16, 32, 64), 16, lambda batch: sizes(batch=batch)),
    Scaling("scale-length", "Time against length (dim 512, 8 layers, batch 8, bfloat16)", "tokens a row",
            (64, 128, 256, 512, 1024), 256, lambda length: sizes(batch=8, length=length)),
]


@dataclass(frozen=True)
class Looking:
    """What a run takes to tell of itself, beside a step's time; there is no peer."""

    name: str
    title: str
    target_share: float
    command: Callable[[Setting], list]


LOOKINGS = [
    Looking("looking-bf16", "default recipe, bfloat16", 0.01, our_recipe("bfloat16")),
    Looking("looking-full", "full rows of 512 tokens, batch 16, bfloat16", 0.01,
            our_recipe("bfloat16", long_rows, FEW_STEPS)),
]


def selected(entries, only):
    """Those of the entries that are asked for by name, or by the part of it before a dash."""
    if not only:
        return entries
    return [entry for entry in entries if any(matches(entry.name, word) for word in only)]


def matches(name, word):
    return name == word or name.startswith(word + "-")
