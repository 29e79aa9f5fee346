#!/usr/bin/env python3
"""Measures lora-train beside what one would run instead, and writes Docs/Performance.md.

`make bench` runs this. Both sides of a row run in turn, so that a machine that slows down slows both.
Results are kept in .build/bench/results.json: a later run of some rows leaves the others as they were.
"""
import argparse
import datetime
import json
import os
import sys

import environment
import machine
import report
from environment import BenchError
from measure import run
from rows import LOOKINGS, ROWS, SCALINGS, matches, selected

RESULTS = environment.BUILD / "results.json"
BUSY = 0.5  # load a core at which the figures would be of other programs too


def main():
    options = parse()
    try:
        rows, scalings, lookings = chosen(options.only)
        setting = environment.prepare(options)
        warn_of_load()
        results = load_results()
        results["machine"] = {
            "Measured": datetime.date.today().isoformat(), **machine.describe(setting)}
        for row in rows:
            results["rows"][row.name] = measured_row(row, setting, options.rounds)
            save_results(results)
        for scaling in scalings:
            results["scalings"][scaling.name] = measured_scaling(scaling, setting, options.rounds)
            save_results(results)
        for looking in lookings:
            results["lookings"][looking.name] = measured_looking(looking, setting, options.rounds)
            save_results(results)
        print(report.summary(results, [row.name for row in rows]))
        print(f"written: {report.write_document(results).relative_to(environment.REPOSITORY)}")
    except BenchError as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit("stopped; the rows that were finished are kept")


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", type=words, help="names of rows, with commas: " + ", ".join(names()))
    parser.add_argument("--rounds", type=positive, default=3, help="how often both sides run (3)")
    parser.add_argument("--threads", type=positive, default=machine.usable_cores(), help="threads of both sides")
    parser.add_argument("--data", help="conversations to train on instead of made ones")
    parser.add_argument("--tokenizer", help="folder with tokenizer.json instead of the example's")
    parser.add_argument("--base", help="MiniMind weights of dim 512 instead of random ones")
    parser.add_argument(
        "--command", default=environment.REPOSITORY / ".build" / "release" / "lora-train",
        help="the command to measure")
    return parser.parse_args()


def words(text):
    return text.replace(",", " ").split()


def positive(text):
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def names():
    return [entry.name for entry in ROWS + SCALINGS + LOOKINGS]


def chosen(only):
    for word in only or []:
        if not any(matches(name, word) for name in names()):
            raise BenchError(f"there is no row {word!r}; there are {', '.join(names())}")
    return selected(ROWS, only), selected(SCALINGS, only), selected(LOOKINGS, only)


def warn_of_load():
    load = os.getloadavg()[0] / machine.usable_cores()
    if load > BUSY:
        print(
            f"warning: other programs are running, or were a moment ago (load {load:.1f} a core); "
            "figures may be too slow", file=sys.stderr)


def measured_row(row, setting, rounds):
    """Runs both sides in turn and keeps their values, and our report of the run in the middle."""
    runs = []
    for index in range(rounds):
        ours, theirs = run(row.ours(setting)), run(row.peer(setting))
        runs.append((row.quantity.of(ours), row.quantity.of(theirs), ours.report))
        print(
            f"{row.name}, round {index + 1} of {rounds}: here {report.amount(row, runs[-1][0])}, "
            f"{row.peer_name} {report.amount(row, runs[-1][1])}", file=sys.stderr)
    middle = sorted(runs, key=lambda each: each[0])[rounds // 2]
    return {
        "ours": [ours for ours, _, _ in runs], "peer": [theirs for _, theirs, _ in runs],
        "report": middle[2], "given": setting.given}


def measured_scaling(scaling, setting, rounds):
    """Runs all sizes of a scaling in turn."""
    points = [{"value": value, "seconds": []} for value in scaling.values]
    for index in range(rounds):
        for point in points:
            point["report"] = run(scaling.command(setting, point["value"])).report
            point["seconds"].append(point["report"]["seconds_per_step"])
        took = ", ".join(f"{point['seconds'][-1]:.3f}" for point in points)
        print(f"{scaling.name}, round {index + 1} of {rounds}: {took} s a step", file=sys.stderr)
    return {"points": points}


def measured_looking(looking, setting, rounds):
    reports = [run(looking.command(setting)).report for _ in range(rounds)]
    took = ", ".join(f"{1e3 * each['looking_seconds']:.3f}" for each in reports)
    print(f"{looking.name}: {took} ms a step", file=sys.stderr)
    return {"reports": reports}


def load_results():
    results = {"machine": {}, "rows": {}, "scalings": {}, "lookings": {}}
    if RESULTS.exists():
        results.update(json.loads(RESULTS.read_text()))
    return results


def save_results(results):
    draft = RESULTS.with_suffix(".part")
    draft.write_text(json.dumps(results, indent=1))
    draft.replace(RESULTS)


if __name__ == "__main__":
    main()
