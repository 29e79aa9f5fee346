"""What a measurement needs to be there: the peers' Python packages, the command and the inputs."""
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import inputs

BENCHMARKS = Path(__file__).resolve().parent
REPOSITORY = BENCHMARKS.parent
BUILD = REPOSITORY / ".build" / "bench"
sys.path.append(str(REPOSITORY / "Scripts"))

import make_peers


class BenchError(Exception):
    """Something that the user has to mend; its text says how."""


@dataclass(frozen=True)
class Setting:
    """What all rows are measured with."""

    command: Path
    python: Path
    threads: int
    tokenizer: Path
    identity: Path
    first_step: Path
    long: Path
    text: Path
    base: Path
    smollm2: Path
    out: Path
    given: str  # which files the user chose, as the document names them


def prepare(options):
    """Sees to it that everything is there.

    - `options`: command, threads, data, tokenizer and base; None for what the benchmark makes itself
    """
    command = existing(options.command, "lora-train is not built: run `make build`, or name it with --command")
    for given in (options.data, options.tokenizer, options.base):
        if given:
            existing(given, "check DATA, TOKENIZER and BASE")
    BUILD.mkdir(parents=True, exist_ok=True)
    try:
        python = make_peers.make_packages()
    except make_peers.PeersError as error:
        raise BenchError(str(error)) from error
    identity = Path(options.data or made("identity.jsonl", inputs.make_identity)).resolve()
    first_step = BUILD / "first-step.jsonl"
    inputs.make_first_step(identity, first_step)
    return Setting(
        command=command,
        python=python,
        threads=options.threads,
        tokenizer=Path(options.tokenizer or inputs.EXAMPLE).resolve(),
        identity=identity,
        first_step=first_step,
        long=made("long.jsonl", inputs.make_long),
        text=made("text.txt", inputs.make_text),
        base=Path(options.base or made_base("base-512.pth", inputs.MINIMIND, python)).resolve(),
        smollm2=made_base("base-smollm2-135m.pth", inputs.SMOLLM2, python),
        out=BUILD / "out",
        given=", ".join(f"`{Path(path).name}`" for path in (options.data, options.tokenizer, options.base) if path),
    )


def existing(path, advice):
    path = Path(path).resolve()
    if not path.exists():
        raise BenchError(f"there is no {path}; {advice}")
    return path


def must_run(arguments, advice):
    if subprocess.run([str(argument) for argument in arguments]).returncode != 0:
        raise BenchError(advice)


def made(name, make):
    path = BUILD / name
    if not path.exists():
        make(path)
    return path


def made_base(name, shape, python):
    def make(path):
        draft = path.with_suffix(".part")
        must_run(
            [python, BENCHMARKS / "make_base.py", draft, *shape.flags(), "--vocab_size", shape.vocabulary],
            f"the random base {name} could not be written; is the disk full?")
        shutil.move(draft, path)

    return made(name, make)
