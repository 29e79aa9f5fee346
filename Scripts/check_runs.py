#!/usr/bin/env python3
"""What users, shells and batch systems do to a run, and how each has to end.

    python3 Scripts/check_runs.py [--command .build/release/lora-train] [--only signals,lock]

Each check runs the real command on the bundled base, in a folder of its own. It says "ok" with what came, or what came instead,
and the exit status is 1 where one check failed. All of them take a minute on two cores.
"""
import argparse
import json
import os
import pathlib
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import traceback

ROOT = pathlib.Path(__file__).resolve().parents[1]
TINY = ROOT / "Examples" / "tiny"
BASE = ["--base_path", TINY / "rlhf_192.pth", "--tokenizer_path", TINY]
DATA = ["--data_path", TINY / "lora_identity.jsonl"]
CHECKS = {}
command = None


class Wrong(Exception):
    pass


def check(function):
    CHECKS[function.__name__] = function
    return function


def expect(condition, *what):
    if not condition:
        raise Wrong(" | ".join(str(part)[-600:] for part in what))


def run(*words, cwd=None, shell=None, text=None, seconds=120):
    """Runs the command; with `shell`, by a script in which "$@" is the command."""
    words = [str(word) for word in (command, *words)]
    if shell:
        words = ["/bin/sh", "-c", shell, "sh", *words]
    return subprocess.run(words, cwd=cwd, input=text or "", capture_output=True, text=True, timeout=seconds)


def train(folder, *flags, **options):
    return run(*BASE, *DATA, "--out_dir", folder, *flags, **options)


def begin(folder, *flags, prefix=()):
    """A run in the background that has done its first steps."""
    words = [*prefix, command, *BASE, *DATA, "--out_dir", folder, "--log_interval", 1, *flags]
    process = subprocess.Popen([str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    for line in process.stdout:
        if "loss" in line:
            return process
    raise Wrong("the run ended before its first step")


def ended(process):
    output = process.communicate(timeout=60)[0]
    return process.returncode, output


def files(folder):
    return sorted(path.name for path in (pathlib.Path(folder) / "lora").iterdir())


def is_saved(folder, name="lora_identity"):
    lora = pathlib.Path(folder) / "lora"
    metrics = (lora / f"{name}_192.metrics.jsonl").read_text().splitlines()
    return (lora / f"{name}_192.pth").exists() and (lora / f"{name}_192.report.html").exists() and "end" in json.loads(metrics[-1])


@check
def signals(folder):
    """Whatever a terminal or a batch system sends ends a run as SIGTERM does."""
    for name in ("SIGTERM", "SIGINT", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGXCPU"):
        number = getattr(signal, name)
        place = folder / name
        process = begin(place, "--epochs", 400)
        process.send_signal(number)
        status, output = ended(process)
        expect(status == 128 + number and is_saved(place), name, status, output)


@check
def ignored_signals(folder):
    """What the starter ignores stays ignored."""
    process = begin(folder, "--epochs", 30, prefix=["/bin/sh", "-c", "trap '' INT HUP USR2; exec \"$@\"", "sh"])
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGUSR2):
        process.send_signal(number)
    status, output = ended(process)
    expect(status == 0 and is_saved(folder), status, output)


@check
def quit_signal(folder):
    """SIGQUIT ends the process, and nothing is asked."""
    process = begin(folder, "--epochs", 400)
    process.send_signal(signal.SIGQUIT)
    start = time.monotonic()
    status, output = ended(process)
    expect(status == -signal.SIGQUIT and time.monotonic() - start < 5 and "Press" not in output, status, output)


@check
def file_size(folder):
    """A limit of a file's size is an error as a full disk is."""
    result = train(folder, "--epochs", 1, shell='ulimit -f 100; exec "$@"')
    expect(result.returncode == 1 and "cannot be written (File too large)" in result.stderr, result.returncode, result.stderr)


@check
def lock(folder):
    """A second run of the same name is refused; a killed one leaves nothing locked."""
    process = begin(folder, "--epochs", 400)
    second = train(folder, "--epochs", 1, "--learning_rate", "1e-3")
    expect(second.returncode != 0 and "in use" in second.stderr, second.returncode, second.stderr)
    other = train(folder, "--epochs", 1, "--lora_name", "other")
    expect(other.returncode == 0, other.stderr)
    process.kill()
    ended(process)
    third = train(folder, "--epochs", 1)
    expect(third.returncode == 0 and is_saved(folder), third.stderr)
    expect(not [name for name in files(folder) if name.endswith(".lock")], files(folder))


@check
def removed_folder(folder):
    """A working folder that is gone is said, within seconds."""
    for words in (["doctor"], ["doctor", "--json"], [*BASE, *DATA, "--epochs", "1"]):
        gone = folder / "gone"
        gone.mkdir()
        result = run(*words, cwd=gone, shell=f'rmdir "{gone}"; exec "$@"', seconds=30)
        expect(result.returncode != 0 and "folder" in result.stdout + result.stderr, words, result.stdout, result.stderr)


@check
def no_proc(folder):
    """Without /proc the arguments are still those that were given."""
    hide = 'exec unshare -m sh -c \'mount -t tmpfs none /proc && exec "$@"\' sh "$@"'
    if subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode != 0:
        return "left out: only root may hide /proc"
    result = run("--version", shell=hide)
    expect(result.returncode == 0 and result.stdout.startswith("lora-train "), result.stdout, result.stderr)
    result = train(folder, "--epochs", 1, shell=hide)
    expect(result.returncode == 0 and is_saved(folder), result.stderr)


@check
def closed_descriptors(folder):
    """No file gets the number of a closed standard stream."""
    result = train(folder, "--epochs", 1, shell='exec "$@" <&- >&- 2>&-')
    expect(result.returncode == 0 and is_saved(folder), result.returncode)
    expect(run("inspect", folder / "lora" / "lora_identity_192.pth").returncode == 0, "the adapter cannot be read")


@check
def links(folder):
    """A link that names a result is followed."""
    (folder / "lora").mkdir()
    target = folder / "elsewhere.pth"
    (folder / "lora" / "lora_identity_192.pth").symlink_to(target)
    result = train(folder, "--epochs", 1)
    expect(result.returncode == 0 and target.is_file() and not target.is_symlink(), result.stderr)
    expect((folder / "lora" / "lora_identity_192.pth").is_symlink(), "the link was replaced")


@check
def odd_paths(folder):
    """Paths of any characters are taken whole."""
    place = folder / "a,b @0.5 100% 'q\" = 层"
    place.mkdir()
    data = place / "data@1,2.jsonl"
    data.write_bytes((TINY / "lora_identity.jsonl").read_bytes())
    result = run(*BASE, "--data_path", data, "--out_dir", place, "--epochs", 1, "--lora_name", "x")
    adapter = place / "lora" / "x_192.pth"
    expect(result.returncode == 0 and adapter.exists(), result.stderr)
    odd = place / "x@0.5,y.pth"
    adapter.rename(odd)
    result = run("generate", *BASE, "--lora_path", odd, "--prompts", "/dev/stdin", "--max_new_tokens", 4, text="Who are you?\n")
    expect(result.returncode == 0 and result.stdout.strip(), result.stdout, result.stderr)


@check
def not_finite(folder):
    """Weights that are no finite numbers are named where they are read."""
    expect(train(folder, "--epochs", 1).returncode == 0, "no adapter")
    peft = folder / "peft"
    result = run("export", "--base_path", TINY / "rlhf_192.pth", "--lora_path", folder / "lora" / "lora_identity_192.pth",
                 "--format", "peft", "--output", peft)
    expect(result.returncode == 0, result.stderr)
    weights = peft / "adapter_model.safetensors"
    sound = weights.read_bytes()
    for value, word in ((float("nan"), "nan"), (float("inf"), "inf")):
        # The last value of the file, of float32.
        weights.write_bytes(sound[:-4] + struct.pack("<f", value))
        for words in (["generate", "--prompt", "Hi"], ["eval", *DATA], ["merge", "--output", folder / "merged.pth"]):
            flags = BASE if words[0] != "merge" else BASE[:2]
            result = run(*words, *flags, "--lora_path", peft)
            expect(result.returncode == 1 and word in result.stderr.lower() and "lora" in result.stderr,
                   words[0], result.returncode, result.stdout, result.stderr)
        expect(not (folder / "merged.pth").exists(), "merge wrote a file")
        result = run("inspect", peft)
        expect(word in (result.stdout + result.stderr).lower(), "inspect", result.stdout, result.stderr)


@check
def chat_goes_on(folder):
    """One turn's error is one turn's."""
    text = "the sky is blue and " * 9000 + "x\nWho are you?\n"
    result = run("chat", *BASE, "--max_new_tokens", 8, text=text)
    said = result.stdout + result.stderr
    expect(result.returncode == 0 and "--max_seq_len" not in said and result.stdout.strip(), result.returncode, said)


@check
def scale(folder):
    """An adapter goes on at the scale that it was trained with, and what has no effect is refused."""
    expect("scale 4" in train(folder, "--epochs", 1, "--lora_alpha", 64, "--lora_name", "a").stdout, "no scale 4")
    adapter = folder / "lora" / "a_192.pth"
    result = train(folder, "--epochs", 1, "--lora_path", adapter, "--lora_name", "b")
    expect(result.returncode == 0 and "scale 4" in result.stdout, result.stdout, result.stderr)
    for flags in (["--lora_path", adapter, "--lora_rank", 8], ["--full", "--lora_rank", 8], ["--full", "--lora_dropout", "0.1"]):
        result = train(folder, "--epochs", 1, "--lora_name", "c", *flags)
        expect(result.returncode == 2 and str(flags[-2]) in result.stderr, flags, result.returncode, result.stderr)


@check
def more_epochs(folder):
    """A run that ended goes on with more epochs; fewer are refused."""
    expect(train(folder, "--epochs", 1, "--resume", "auto").returncode == 0, "the first run")
    result = train(folder, "--epochs", 2, "--resume", "auto")
    expect(result.returncode == 0 and is_saved(folder), result.stdout, result.stderr)
    result = train(folder, "--epochs", 1, "--resume", "auto")
    expect(result.returncode != 0 and "--epochs" in result.stderr, result.returncode, result.stderr)
    checkpoint = folder / "lora" / "lora_identity_192.checkpoints"
    result = run("generate", *BASE, "--lora_path", checkpoint, "--prompt", "Who are you?", "--max_new_tokens", 4)
    expect(result.returncode == 0, result.stderr)


@check
def dropout(folder):
    """Samples that begin alike have masks of their own: norms spread as in PEFT, 10.4 with a deviation of 0.7."""
    question = "What is the colour of the sky over the sea in the evening?"
    answers = "red blue green grey black white pink gold brown yellow orange violet silver purple azure amber".split()
    data = folder / "alike.jsonl"
    data.write_text("".join(json.dumps({"conversations": [
        {"role": "user", "content": question}, {"role": "assistant", "content": answer}]}) + "\n" for answer in answers))
    first = run(*BASE, "--data_path", data, "--out_dir", folder, "--lora_name", "start", "--epochs", 20, "--learning_rate", "1e-2")
    expect(first.returncode == 0, first.stderr)
    norms = {}
    for pads in ("False", "True"):
        result = run(
            *BASE, "--data_path", data, "--out_dir", folder, "--lora_name", "x" + pads, "--lora_path",
            folder / "lora" / "start_192.pth", "--lora_dropout", "0.3", "--dtype", "float32", "--batch_size", 16, "--epochs", 120,
            "--save_interval", 1000, "--learning_rate", "1e-12", "--max_seq_len", 64, "--pad_to_max_seq_len", pads, "--log_format", "json")
        expect(result.returncode == 0, result.stderr)
        lines = [json.loads(line) for line in result.stdout.splitlines()]
        norms[pads] = [line["grad_norm"] for line in lines if line.get("grad_norm")]
    moments = {pads: (statistics.mean(values), statistics.stdev(values)) for pads, values in norms.items()}
    (mean, deviation), (padded_mean, padded_deviation) = moments["False"], moments["True"]
    expect(abs(mean / padded_mean - 1) < 0.05 and 0.7 < deviation / padded_deviation < 1.4, moments)
    return f"norms {mean:.3f} ± {deviation:.3f}, padded {padded_mean:.3f} ± {padded_deviation:.3f}"


def safetensors(path, tensors):
    """Writes float32 tensors of zeros, by their names and shapes."""
    header, size = {}, 0
    for name, shape in tensors.items():
        count = 4
        for part in shape:
            count *= part
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [size, size + count]}
        size += count
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + bytes(size))


@check
def whole_models(folder):
    """A model that is trained whole is saved as what its base is, and opens as what it was."""
    plain = ("--save_dtype", "float32", "--verify", 0, "--output")
    bases = {"": folder / "base", ".gguf": folder / "base.gguf", ".pth": TINY / "rlhf_192.pth"}
    for ending, base in bases.items():
        if ending != ".pth":
            result = run("export", *BASE, *plain, base)
            expect(result.returncode == 0, result.stderr)
        tokenizer = ("--tokenizer_path", TINY) if ending == ".pth" else ()
        result = run("--base_path", base, *tokenizer, *DATA, "--out_dir", folder, "--lora_name", "whole", "--full", "--learning_rate",
                     "1e-12", "--epochs", 1, "--batch_size", 50, "--max_seq_len", 64)
        saved = folder / f"whole_192{ending}"
        expect(result.returncode == 0 and f"saved {saved}" in result.stdout, result.stdout, result.stderr)
        result = run("verify", base, saved, "--tolerance", "1e-6")
        expect(result.returncode == 0, result.stdout, result.stderr)


@check
def other_parts(folder):
    """What an adapter has beside linear layers is read, and shown; what is not read is called by its name, in one line."""
    layer = "base_model.model.model.layers.0.self_attn.q_proj"
    factors = {layer + ".lora_A.weight": [4, 192], layer + ".lora_B.weight": [192, 4]}
    vocabulary = json.loads((TINY / "rlhf_192.json").read_text())["vocab_size"]

    def adapter(name, tensors, **settings):
        place = folder / name
        place.mkdir()
        settings = {"peft_type": "LORA", "r": 4, "lora_alpha": 4, "target_modules": ["layers.0.self_attn.q_proj"], **settings}
        (place / "adapter_config.json").write_text(json.dumps(settings))
        safetensors(place / "adapter_model.safetensors", {**factors, **{"base_model.model." + key: shape for key, shape in tensors.items()}})
        return place

    embedding = {"model.embed_tokens.lora_embedding_A": [4, vocabulary], "model.embed_tokens.lora_embedding_B": [192, 4]}
    output = {"lm_head.lora_A.weight": [4, 192], "lm_head.lora_B.weight": [vocabulary, 4]}
    adapters = {
        "output": (output, {"target_modules": ["layers.0.self_attn.q_proj", "lm_head"]}, "lm_head"),
        "both": ({**embedding, **output}, {"target_modules": ["layers.0.self_attn.q_proj", "lm_head", "embed_tokens"]}, "embed_tokens"),
        "norm": ({"model.norm.weight": [192]}, {"modules_to_save": ["norm"]}, "model.norm.weight"),
        "rows": ({"model.embed_tokens.token_adapter.trainable_tokens_delta": [2, 192]}, {"trainable_token_indices": [5, 7]}, "2 tokens"),
    }
    for name, (tensors, settings, words) in adapters.items():
        place = adapter(name, tensors, **settings)
        result = run("inspect", place)
        expect(result.returncode == 0 and words in result.stdout, name, result.stdout, result.stderr)
        result = run("eval", *BASE, *DATA, "--lora_path", place, "--max_seq_len", 64)
        expect(result.returncode == 0, name, result.stdout, result.stderr)
    for key, words in {
        "model.layers.0.mlp.up_proj.ia3_l": "IA3", "model.layers.0.mlp.up_proj.hada_w1_a": "LoHa",
        "model.embed_tokens.lora_embedding_A": "lacks its B",
        "model.embed_tokens.token_adapter.trainable_tokens_delta": "trainable_token_indices",
    }.items():
        result = run("inspect", adapter(key, {key: [4, 8]}))
        expect(result.returncode == 1 and words in result.stderr and result.stderr.count("\n") == 1, key, result.stderr)


@check
def names(folder):
    """A model that other tools keep is found by its name; one that is not there is said in one line."""
    place = folder / "hub" / "models--org--tiny"
    result = run("export", *BASE, "--save_dtype", "float32", "--verify", 0, "--output", place / "snapshots" / "abc")
    expect(result.returncode == 0, result.stderr)
    (place / "refs").mkdir()
    (place / "refs" / "main").write_text("abc")
    find = f'HF_HUB_CACHE={folder}/hub OLLAMA_MODELS={folder}/ollama "$@"'
    found = run("inspect", "org/tiny", shell=find)
    expect(found.returncode == 0 and "dim 192" in found.stdout, found.stdout, found.stderr)
    for name, words in {"org/none": "`hf download org/none` fetches it", "qwen3:8b": "`ollama pull qwen3:8b` fetches it"}.items():
        result = run("generate", "--base_path", name, "--prompt", "x", shell=find)
        expect(result.returncode == 1 and words in result.stderr and result.stderr.count("\n") == 1, result.stderr)


def main():
    global command
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--command", default=ROOT / ".build" / "release" / "lora-train", type=pathlib.Path)
    parser.add_argument("--only", help="checks, with commas: " + ", ".join(CHECKS))
    options = parser.parse_args()
    command = options.command.resolve()
    names = options.only.split(",") if options.only else list(CHECKS)
    failed = 0
    for name in names:
        if name not in CHECKS:
            sys.exit(f"there is no check {name!r}; there are {', '.join(CHECKS)}")
        start = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            try:
                words = CHECKS[name](pathlib.Path(folder)) or "ok"
            except Wrong as error:
                failed, words = failed + 1, f"WRONG: {error}"
            except (subprocess.TimeoutExpired, OSError, ValueError) as error:
                failed, words = failed + 1, "WRONG: " + traceback.format_exception_only(error)[-1].strip()
        print(f"{name:20} {time.monotonic() - start:5.1f} s  {words}", flush=True)
    sys.exit(1 if failed else 0)


main()
