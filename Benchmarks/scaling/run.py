#!/usr/bin/env python3
"""Measures how training scales over threads, processes and an emulated network, and writes Docs/Scaling.md.

`make scaling` runs this. Cases of a part run in turn, round by round, so that a machine that slows down slows all.
Figures are kept in Docs/scaling.json: a later run of some parts leaves the others as they were. The network needs
root and Linux; elsewhere that part is left out, and says so.
"""
import argparse
import datetime
import json
import os
import shutil
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent))

import document
import machine
import material
import network
from environment import BUILD, REPOSITORY, BenchError, existing
from inputs import EXAMPLE
from measure import run

RESULTS = REPOSITORY / "Docs" / "scaling.json"
LINKS = [
    network.Link("10 Gb/s, 25 µs", 25e-6, 10e9),
    network.Link("1 Gb/s, 100 µs", 100e-6, 1e9),
    network.Link("100 Mb/s, 1 ms", 1e-3, 100e6),
]
# Without it Open MPI asks, for each message over TCP of more than 64 KiB, whether it may come, and where to.
SENDS = ["--mca", "btl_tcp_flags", "send"]
CORES = 2  # that the cases below are made for


def main():
    options = parse()
    # Open MPI asks root whether he means it.
    os.environ |= {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    try:
        lab = Lab(options)
        results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
        if options.only != ["document"]:
            results["machine"] = {"Measured": datetime.date.today().isoformat()} | described()
        for name in options.only or PARTS:
            PARTS[name](lab, results)
            RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
        print(f"written: {document.write(results).relative_to(REPOSITORY)}")
    except BenchError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit("stopped; the parts that were finished are kept")


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", type=part_names, help="parts, with commas: " + ", ".join(PARTS) + "; document measures nothing")
    parser.add_argument("--rounds", type=int, default=3, help="how often each case runs (3)")
    parser.add_argument("--base", help="MiniMind weights of dim 512 instead of random ones")
    parser.add_argument(
        "--command", default=REPOSITORY / ".build" / "release" / "lora-train", help="the command to measure")
    return parser.parse_args()


def part_names(text):
    names = text.replace(",", " ").split()
    for name in names:
        if name not in PARTS:
            raise argparse.ArgumentTypeError(f"there is no part {name!r}; there are {', '.join(PARTS)}")
    return names


def described():
    return {
        "Processor": machine.processor(), "Cores": str(machine.usable_cores()), "Memory": machine.memory(),
        "System": machine.operating_system(),
        "MPI": machine.first_match(r"\(Open MPI\) (\S+)", machine.output_of("mpirun", "--version"), "unknown"),
    }


class Lab:
    """The command, with what it trains on."""

    def __init__(self, options):
        self.program = existing(options.command, "lora-train is not built: run `make build MPI=1`")
        if not shutil.which("mpirun"):
            raise BenchError("`mpirun` is missing: run `make build MPI=1`")
        self.rounds = options.rounds
        self.base = options.base or material.base()
        self.identity, self.rows = material.conversations(), material.full_rows()
        self.out = BUILD / "scaling-out"

    def training(self, data, batch, epochs, threads=1, ddp=False):
        return [
            self.program, "train", "--base_path", self.base, "--data_path", data, "--tokenizer_path", EXAMPLE,
            "--dim", 512, "--batch_size", batch, "--epochs", epochs, "--threads", threads, "--save_interval", 1000,
            "--loss_reduction", "token", "--out_dir", self.out, *(["--ddp"] if ddp else [])]

    def allreduce(self, least, most, rounds):
        return [
            self.program, "bench", "allreduce", "--min_bytes", least, "--max_bytes", most, "--rounds", rounds, "--json"]

    def step_times(self, command):
        """The seconds of each batch's steps, without those of the first epoch."""
        shutil.rmtree(self.out, ignore_errors=True)
        run(command)
        metrics, = self.out.glob("lora/*.metrics.jsonl")
        steps = [json.loads(line) for line in metrics.read_text().splitlines() if line.startswith('{"step"')]
        per_epoch = sum(step["epoch"] == 0 for step in steps)
        times = [step["seconds"] for step in steps]
        return [times[batch::per_epoch][1:] for batch in range(per_epoch)]

    def tokens(self, data, batch, threads):
        """Tokens that went through the model, a step."""
        return run([
            self.program, "bench", "step", "--base_path", self.base, "--data_path", data, "--tokenizer_path", EXAMPLE,
            "--dim", 512, "--batch_size", batch, "--max_seq_len", 512, "--dtype", "bfloat16", "--threads", threads,
            "--steps", 2 + document.lines(data) // batch, "--json"]).report["tokens"]


def on_one_machine(command, ranks):
    """Each rank on a core of its own as far as there are cores."""
    if ranks == 1:
        return command
    return [
        "mpirun", "--oversubscribe", "--bind-to", "none", "-np", ranks, *network.pinned(command, machine.usable_cores())]


def interleaved(lab, title, cases, rounds=None):
    """`cases`: a command each, by name. Returns, for each, the batches' times of each round."""
    rounds = rounds or lab.rounds
    found = {name: [] for name in cases}
    for index in range(rounds):
        for name, command in cases.items():
            found[name].append(lab.step_times(command))
        said = ", ".join(f"{name} {document.epoch_mean(times[-1]) * 1e3:.1f}" for name, times in found.items())
        print(f"{title}, round {index + 1} of {rounds}: {said} ms", file=sys.stderr)
    return found


def strong(lab, results):
    """One effective batch, dealt to more and more."""
    dealt(lab, results, "identity 16", lab.identity, 16, ((1, 1), (1, 2), (2, 1), (4, 1)), epochs=5)


def strong_64(lab, results):
    dealt(lab, results, "identity 64", lab.identity, 64, ((1, 1), (1, 2), (2, 1), (4, 1)), epochs=5)


def rows(lab, results):
    dealt(lab, results, "rows 16", lab.rows, 16, ((1, 2), (2, 1)), epochs=2)


def dealt(lab, results, name, data, effective, cases, epochs):
    results.setdefault("strong", {})[name] = interleaved(lab, f"strong, {name}", {
        f"{ranks}×{threads}": on_one_machine(
            lab.training(data, effective // ranks, epochs, threads, ranks > 1), ranks)
        for ranks, threads in cases})


def weak(lab, results):
    """As much for each as for one alone."""
    results["weak"] = interleaved(lab, "weak, 16 samples a rank", {
        str(ranks): on_one_machine(lab.training(lab.identity, 16, 4, 1, ranks > 1), ranks) for ranks in (1, 2, 4)})


def causes(lab, results):
    """What two ranks of one thread lose: each one's samples are trained on alone, on one core."""
    shards = [BUILD / f"scaling-shard{rank}.jsonl" for rank in range(2)]
    lines = lab.identity.read_text("utf-8").splitlines(keepends=True)
    for rank, shard in enumerate(shards):
        shard.write_text("".join(lines[rank::2]), "utf-8")
    found = interleaved(lab, "causes", {
        "whole": ["taskset", "-c", 0] + lab.training(lab.identity, 16, 3),
        "shard 0": ["taskset", "-c", 0] + lab.training(shards[0], 8, 3),
        "shard 1": ["taskset", "-c", 1] + lab.training(shards[1], 8, 3),
        "two ranks": on_one_machine(lab.training(lab.identity, 8, 3, 1, True), 2),
        "two ranks, --bind-to core": [
            "mpirun", "--oversubscribe", "--bind-to", "core", "-np", 2] + lab.training(lab.identity, 8, 3, 1, True),
        "two ranks, --num_workers 0": on_one_machine(lab.training(lab.identity, 8, 3, 1, True) + ["--num_workers", 0], 2),
        "two threads": lab.training(lab.identity, 16, 3, 2)})
    found["tokens whole"] = lab.tokens(lab.identity, 16, 1)
    found["tokens shards"] = sum(lab.tokens(shard, 8, 1) for shard in shards)
    results["causes"] = found


def batches(lab, results):
    """One thread, on batches of many sizes."""
    results["batches"] = interleaved(lab, "batches", {
        str(size): ["taskset", "-c", 0] + lab.training(lab.identity, size, 4) for size in (1, 2, 4, 8, 16)}, 1)


def sums(lab, results):
    results["sums"] = {
        str(ranks): run(on_one_machine(lab.allreduce(1024, 1 << 26, 15), ranks)).report["sizes"] for ranks in (2, 4)}


def over_network(lab, results):
    reason = network.missing()
    if reason:
        print(f"note: the emulated network is left out: {reason}", file=sys.stderr)
        return
    found = {}
    for link in LINKS:
        entry = found[link.name] = {"delay": link.delay, "rate": link.rate}
        most = 1 << 24 if link.rate > 5e8 else 1 << 22
        for machines in (2, 4):
            with network.Network(machines, link) as net:
                command = lab.allreduce(1024, most, 11 if link.rate > 5e8 else 5)
                if machines == 2:
                    entry["default"] = run(net.command(command, CORES)).report["sizes"]
                entry[str(machines)] = run(net.command(command, CORES, SENDS)).report["sizes"]
                if machines == 2:
                    training = lab.training(lab.identity, 8, 3, 1, True)
                    entry |= interleaved(lab, link.name, {
                        "training": net.command(training, CORES, SENDS), "here": on_one_machine(training, 2)})
    results["network"] = found
    # What was to be said of the figures before.
    results.pop("network_note", None)


PARTS = {
    "causes": causes, "strong": strong, "strong-64": strong_64, "rows": rows, "weak": weak, "batches": batches, "sums": sums, "network": over_network,
    "document": lambda lab, results: None}


if __name__ == "__main__":
    main()
