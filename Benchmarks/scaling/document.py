"""Makes the tables, the plots and Docs/Scaling.md from the figures."""
import re
import statistics
from pathlib import Path

import model
from chart import Line
from environment import REPOSITORY, BenchError
from logchart import log_chart
from model import GRADIENTS, Wire
from report import table

TEMPLATE = Path(__file__).resolve().parent / "scaling.template.md"
DOCUMENT = REPOSITORY / "Docs" / "Scaling.md"
COLORS = ("#1f6feb", "#d1570f", "#1a7f37", "#8250df")
GOAL = 0.95  # of two threads, that two ranks of one thread each should reach

# One rank a machine. The delay is that of wires and switches; what a system adds is in `Software`.
NETWORKS = [Wire("25 Gb/s", 10e-6, 25e9), Wire("10 Gb/s", 25e-6, 10e9), Wire("1 Gb/s", 50e-6, 1e9)]
RANKS = (8, 16, 64, 256, 1024, 10_000)
STRONG_BATCH = 1024


def lines(path):
    return sum(1 for line in open(path, encoding="utf-8") if line.strip())


def epoch_mean(batches):
    """A step's seconds: the mean over an epoch's batches of each one's median."""
    return statistics.mean(statistics.median(times) for times in batches)


def write(results):
    """Fills the template's placeholders, `{{name}}`, and writes the plots beside the document."""
    parts = {"machine": table(["", ""], [[name, value] for name, value in results["machine"].items()])}
    for name, (needs, make) in SECTIONS.items():
        missing = [need for need in needs if need not in results]
        parts[name] = f"Not measured yet: {', '.join(missing)}." if missing else make(results)

    def part(found):
        if found.group(1) not in parts:
            raise BenchError(f"{TEMPLATE.name} has the unknown placeholder {found.group(0)}")
        return parts[found.group(1)]

    DOCUMENT.write_text(re.sub(r"\{\{([\w-]+)\}\}", part, TEMPLATE.read_text("utf-8")), "utf-8")
    return DOCUMENT


def draw(name, text, title):
    path = DOCUMENT.parent / f"{name}.svg"
    path.write_text(text, "utf-8")
    return f"![{title}]({path.name})"


def ms(seconds, digits=1):
    return f"{seconds * 1e3:.{digits}f}"


def mean_of(rounds):
    """Over rounds, the median of a step's seconds."""
    return statistics.median(epoch_mean(each) for each in rounds)


def ratios(one, other):
    """How many times faster `other` was, round by round."""
    return [epoch_mean(a) / epoch_mean(b) for a, b in zip(one, other)]


def ratio(values, digits=2):
    spread = f" ({min(values):.{digits}f}–{max(values):.{digits}f})" if len(values) > 1 else ""
    return f"{statistics.median(values):.{digits}f}{spread}"


# MARK: What was measured


def strong_table(results):
    names = {"identity 16": "short samples, 16 a step", "identity 64": "short samples, 64 a step", "rows 16": "rows of 512 tokens, 16 a step"}
    rows = []
    for name, title in names.items():
        cases = results["strong"].get(name, {})
        for case, rounds in cases.items():
            ranks, threads = map(int, case.split("×"))
            if ranks > 1 and ranks * threads > 2:
                case += ", two a core"
            beside = ratio(ratios(cases["1×2"], rounds)) if case != "1×2" else "1"
            goal = ""
            if case == "2×1":
                goal = "✓" if statistics.median(ratios(cases["1×2"], rounds)) >= GOAL else "✗"
            rows.append([title, case, ms(mean_of(rounds)), beside, goal])
            title = ""
    return table(["Effective batch", "Ranks × threads", "ms a step", "Throughput, 1×2 = 1", f"≥ {GOAL}"], rows, right=(2, 3))


def weak_table(results):
    alone = results["weak"]["1"]
    rows = []
    for ranks, rounds in results["weak"].items():
        cores = min(int(ranks), 2)
        efficiency = [value * int(ranks) / cores for value in ratios(alone, rounds)]
        rows.append([ranks + (", two a core" if int(ranks) > 2 else ""), str(16 * int(ranks)), ms(mean_of(rounds)), ratio(efficiency)])
    return table(["Ranks of one thread", "Samples a step", "ms a step", "Throughput a core, 1 rank = 1"], rows, right=(1, 2, 3))


def causes_table(results):
    found = results["causes"]
    half = mean_of(found["whole"]) / 2
    shards = [position_medians(found[f"shard {rank}"]) for rank in range(2)]
    mean = statistics.mean(value for shard in shards for value in shard)
    slowest = statistics.mean(max(pair) for pair in zip(*shards))
    together = mean_of(found["two ranks"])
    tokens = found["tokens shards"] / found["tokens whole"]
    rows = [
        ["half of what one thread takes for all 16 samples", ms(half), ""],
        ["each half of the samples alone, on one core",
         ms(mean), f"{mean / half - 1:+.1%}: {tokens - 1:+.1%} tokens, as beginnings are shared within a rank only; products of fewer rows"],
        ["the slower half of each step", ms(slowest), f"{slowest / mean - 1:+.1%}: one waits for the other"],
        ["two ranks together", ms(together), f"{together / slowest - 1:+.1%}: the sum, and what both share of the machine"],
        ["the same with `--bind-to core`", ms(mean_of(found["two ranks, --bind-to core"])), ""],
        ["the same with `--num_workers 0`", ms(mean_of(found["two ranks, --num_workers 0"])), ""],
        ["one rank of two threads", ms(mean_of(found["two threads"])), f"{mean_of(found['two threads']) / half - 1:+.1%} against the first line"],
    ]
    return table(["16 short samples a step", "ms", "Loss"], rows, right=(1,))


def position_medians(rounds):
    """For each batch of the epoch, the median over all rounds and epochs."""
    return [statistics.median(time for times in batch for time in times) for batch in zip(*rounds)]


# MARK: The model


def fitted(results):
    compute = model.fit_compute({int(size): rounds[0] for size, rounds in results["batches"].items()}, 16)
    links = list(results["network"].values())
    first = links[0]
    software = model.fit_software(
        {ranks: points(first[str(ranks)]) for ranks in (2, 4)}, Wire("", first["delay"], first["rate"]))
    last = links[-1]
    ahead = model.fit_ahead(
        waited(last), mean_of(last["here"]), GRADIENTS, 2, software, Wire("", last["delay"], last["rate"]))
    return compute, software, ahead


def waited(entry):
    """By how many seconds a step of two ranks over a network is longer than one without, the rounds' median."""
    return statistics.median(
        epoch_mean(there) - epoch_mean(here) for there, here in zip(entry["training"], entry["here"]))


def points(sizes):
    return [(row["bytes"], row["seconds_median"]) for row in sizes]


def size_name(value):
    return f"{value // 1024} KB" if value < 1 << 20 else f"{value >> 20} MB"


def sums_part(results):
    wanted = [1024, 16384, 262144, 1 << 20, 1 << 22, 1 << 24, 1 << 26]
    columns = [("one machine, 2 ranks", points(results["sums"]["2"])), ("one machine, 4 ranks on 2 cores", points(results["sums"]["4"]))]
    curves = [Line("one machine, 2 ranks", columns[0][1], COLORS[0], has_dots=True)]
    for index, (name, entry) in enumerate(results.get("network", {}).items()):
        columns += [(name, points(entry["2"])), (f"{name}, as Open MPI sends by default", points(entry["default"]))]
        curves.append(Line(name + ", 2 ranks", points(entry["2"]), COLORS[index + 1], has_dots=True))
    title = "A sum's time against its size"
    picture = draw("scaling-sums", log_chart(title, "bytes that are summed", "milliseconds", [
        Line(line.label, [(x, 1e3 * y) for x, y in line.points], line.color, has_dots=True) for line in curves], size_name), title)
    rows = [[name, *(ms(dict(found)[size], 2) if size in dict(found) else "—" for size in wanted)] for name, found in columns]
    return picture + "\n\n" + table(["ms", *map(size_name, wanted)], rows, right=range(1, 9))


def validation(results):
    _, software, _ = fitted(results)
    rows = []
    for name, entry in results["network"].items():
        wire = Wire(name, entry["delay"], entry["rate"])
        for ranks in (2, 4):
            measured = dict(points(entry[str(ranks)]))
            for size in (4096, 262144, 1 << 20, 1 << 22):
                expected = model.direct_sum(size, ranks, software, wire)
                rows.append([name, str(ranks), size_name(size), ms(measured[size], 2), ms(expected, 2), f"{expected / measured[size]:.2f}"])
                name = ""
    return table(["Network", "Ranks", "Sum", "Measured, ms", "Model, ms", "Model / measured"], rows, right=(1, 2, 3, 4, 5))


def training_table(results):
    _, software, ahead = fitted(results)
    rows = []
    for name, entry in results["network"].items():
        here, there = mean_of(entry["here"]), mean_of(entry["training"])
        alone = dict(points(entry["2"]))[GRADIENTS]
        wire = Wire(name, entry["delay"], entry["rate"])
        expected = here + model.wait(GRADIENTS, 2, software, wire, ahead * here)
        # Of a sum that is short beside a step the step's own unevenness would be told.
        hidden = f"{1 - waited(entry) / alone:.0%}" if alone > here / 20 else "—"
        rows.append([
            name, ms(here), ms(there), ms(waited(entry)), ms(alone), hidden, ms(expected),
            f"{expected / there:.2f}"])
    note = results.get("network_note")
    return (note + "\n\n" if note else "") + table(
        ["Network", "On one machine, ms a step", "Over the network", "More, paired", "The sum alone", "Hidden", "Model", "Model / measured"],
        rows, right=range(1, 8))


def constants(results):
    compute, software, ahead = fitted(results)
    return table(["Constant", "Value"], [
        ["c(b), one thread", f"{ms(compute.fixed)} ms + {ms(compute.sample, 2)} ms a sample"],
        ["spread of c by the samples' lengths, standard deviation", f"{ms(compute.sample_spread, 2)} ms · √b"],
        ["spread of the same batch from step to step", f"{compute.noise:.1%}"],
        ["software, each stage", f"{software.stage * 1e6:.0f} µs"],
        ["software, each message", f"{software.message * 1e6:.0f} µs"],
        ["software, each byte", f"{software.byte * 1e9:.2f} ns"],
        ["ahead", f"{ahead:.0%}"],
    ])


def predictions(results):
    compute, software, ahead = fitted(results)
    alone = compute.mean(16)
    weak, curves = [], []
    for index, wire in enumerate(NETWORKS):
        def efficiency(ranks):
            return alone / model.step(compute, 16, ranks, software, wire, ahead)

        weak.append([wire.name, *(f"{efficiency(ranks):.0%}" for ranks in RANKS)])
        curves.append(Line(wire.name, [(ranks, 100 * efficiency(ranks)) for ranks in (1, 2, 4, *RANKS)], COLORS[index]))
    best = Line("slowest rank alone, no network", [
        (ranks, 100 * alone / compute.slowest(16, ranks)) for ranks in (1, 2, 4, *RANKS)], "#8b95a5", dashes="2 4")
    title = "Predicted weak scaling, 16 short samples a rank"
    picture = draw("scaling-weak", log_chart(
        title, "ranks", "% of perfect throughput", [*curves, best], lambda ranks: f"{ranks:,}", y_ticks=[0, 20, 40, 60, 80, 100]), title)
    head = ["Weak, 16 samples a rank", *(f"{ranks:,}" for ranks in RANKS)]
    strong_ranks = [ranks for ranks in RANKS if ranks <= STRONG_BATCH]
    strong_rows = []
    for wire in NETWORKS:
        times = [model.step(compute, STRONG_BATCH // ranks, ranks, software, wire, ahead) for ranks in strong_ranks]
        whole = compute.mean(STRONG_BATCH)
        strong_rows.append([wire.name, *(f"{whole / took:.0f}× ({ms(took, 0)} ms)" for took in times)])
    return "\n\n".join([
        picture, table(head, weak, right=range(1, 7)),
        table([f"Strong, {STRONG_BATCH:,} samples in all: speed-up (step)", *(f"{ranks:,}" for ranks in strong_ranks)], strong_rows, right=range(1, 6))])


def algorithms(results):
    _, software, _ = fitted(results)
    rows = []
    kinds = (("direct, as it is", model.direct_sum), ("ring", model.ring_sum), ("halves, log₂ P stages", model.tree_sum))
    for wire in NETWORKS:
        name = wire.name
        for kind, total in kinds:
            rows.append([name, kind, *(ms(total(GRADIENTS, ranks, software, wire), 1) for ranks in RANKS)])
            name = ""
    return table(["ms a sum of 1 MB", "", *(f"{ranks:,}" for ranks in RANKS)], rows, right=range(2, 8))


SECTIONS = {
    "strong": (["strong"], strong_table),
    "weak": (["weak"], weak_table),
    "causes": (["causes"], causes_table),
    "sums": (["sums"], sums_part),
    "validation": (["network", "batches"], validation),
    "training": (["network", "batches"], training_table),
    "constants": (["network", "batches"], constants),
    "predictions": (["network", "batches"], predictions),
    "algorithms": (["network", "batches"], algorithms),
}
