"""Makes the table, the plots and Docs/Performance.md from the results."""
import re
import statistics

from chart import Line, line_chart
from environment import BENCHMARKS, REPOSITORY, BenchError
from rows import LOOKINGS, ROWS, SCALINGS

TEMPLATE = BENCHMARKS / "performance.template.md"
DOCUMENT = REPOSITORY / "Docs" / "Performance.md"


def write_document(results):
    """Fills the template's placeholders, `{{name}}`, and writes the plots beside the document."""
    parts = {
        "machine": machine_table(results),
        "comparison": comparison_table(results["rows"]),
        "phases": phase_table(results["rows"]),
        "looking": looking_table(results["lookings"]),
    }
    DOCUMENT.parent.mkdir(exist_ok=True)
    for scaling in SCALINGS:
        parts[scaling.name] = plot(scaling, results["scalings"].get(scaling.name))

    def part(found):
        if found.group(1) not in parts:
            raise BenchError(f"{TEMPLATE.name} has the unknown placeholder {found.group(0)}")
        return parts[found.group(1)]

    DOCUMENT.write_text(re.sub(r"\{\{([\w-]+)\}\}", part, TEMPLATE.read_text("utf-8")), "utf-8")
    return DOCUMENT


def table(head, rows, right=()):
    """A Markdown table; `right`: the columns of numbers."""
    rule = ["---:" if column in right else "---" for column in range(len(head))]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [head, rule, *rows])


def machine_table(results):
    return table(["", ""], [[name, value] for name, value in results["machine"].items()])


def comparison_table(measured):
    rows = [comparison(row, measured[row.name]) for row in ROWS if row.name in measured]
    text = table(["`ONLY=`", "Work", "Peer", "Peer's", "Here", "Times better", "Target"], rows, right=(3, 4, 5))
    missing = [f"`{row.name}`" for row in ROWS if row.name not in measured]
    given = {row.name: measured[row.name]["given"] for row in ROWS if measured.get(row.name, {}).get("given")}
    notes = [f"Not measured yet: {', '.join(missing)}."] if missing else []
    notes += [f"`{name}` ran on given files: {files}." for name, files in given.items()]
    return "\n\n".join([text, *notes])


def comparison(row, entry):
    ratios = pairwise_ratios(row, entry)
    ours, theirs = statistics.median(entry["ours"]), statistics.median(entry["peer"])
    spread = f" ({min(ratios):.2f}–{max(ratios):.2f})" if len(ratios) > 1 else ""
    return [
        f"`{row.name}`", row.title, row.peer_name, amount(row, theirs), amount(row, ours),
        f"{statistics.median(ratios):.2f}{spread}", target(row, entry)]


def pairwise_ratios(row, entry):
    """How many times better each run here was than the peer's run beside it."""
    pairs = zip(entry["ours"], entry["peer"])
    return [ours / theirs if row.quantity.higher_is_better else theirs / ours for ours, theirs in pairs]


def amount(row, value):
    return f"{value:.{row.quantity.digits}f} {row.quantity.unit}"


def target(row, entry):
    """The row's targets, each with whether it was reached."""
    parts = []
    if row.target is not None:
        ours, higher = statistics.median(entry["ours"]), row.quantity.higher_is_better
        reached = ours >= row.target if higher else ours <= row.target
        parts.append(f"{'≥' if higher else '≤'} {row.target:g} {row.quantity.unit}{mark(reached)}")
    if row.target_share is not None:
        share = entry["report"]["share_of_peak"]
        parts.append(f"≥ {row.target_share:.0%} of the peak{mark(share >= row.target_share)} ({share:.0%})")
    if row.target_ratio is not None:
        reached = statistics.median(pairwise_ratios(row, entry)) >= row.target_ratio
        parts.append(f"≥ {row.target_ratio:g} times{mark(reached)}")
    return ", ".join(parts) or "—"


def mark(reached):
    return " ✓" if reached else " ✗"


def phase_table(measured):
    entries = [(row, measured[row.name]["report"]) for row in ROWS
               if measured.get(row.name, {}).get("report", {}).get("phases")]
    if not entries:
        return "Not measured yet."
    phases = list(dict.fromkeys(phase for _, report in entries for phase in report["phases"]))
    head = ["`ONLY=`", "Tokens computed, of", "Counted", "GFLOP", "Peak, GFLOP/s", "Share of peak",
            *(f"{phase}, ms" for phase in phases)]
    rows = [
        [f"`{row.name}`", f"{report['tokens']:.0f} of {report['sample_tokens']:.0f}", f"{report['counted']:.0f}",
         f"{report['flops'] / 1e9:.0f}", f"{report['peak_gflops']:.0f}", f"{report['share_of_peak']:.0%}",
         *(f"{report['phases'].get(phase, 0) * 1e3:.0f}" for phase in phases)]
        for row, report in entries]
    return table(head, rows, right=range(1, len(head)))


def looking_table(measured):
    entries = [(looking, measured[looking.name]["reports"]) for looking in LOOKINGS if looking.name in measured]
    if not entries:
        return "Not measured yet."
    rows = []
    for looking, reports in entries:
        step, took, share = (
            statistics.median(report[key] for report in reports)
            for key in ("seconds_per_step", "looking_seconds", "looking_share"))
        rows.append([
            f"`{looking.name}`", looking.title, f"{step:.3f} s", f"{took * 1e3:.3f} ms", f"{share:.3%}",
            f"< {looking.target_share:.0%}{mark(share < looking.target_share)}"])
    return table(["`ONLY=`", "Work", "A step", "Looking", "Share", "Target"], rows, right=(2, 3, 4))


def plot(scaling, measured):
    """Writes the plot and returns the Markdown that shows it, with its numbers below."""
    if not measured:
        return "Not measured yet."
    points = [(point["value"], statistics.median(point["seconds"]), point["report"]) for point in measured["points"]]
    _, reference_seconds, reference = next(point for point in points if point[0] == scaling.reference)
    predicted = [(x, reference_seconds * report["flops"] / reference["flops"]) for x, _, report in points]
    floor = [(x, report["flops"] / report["peak_gflops"] / 1e9) for x, _, report in points]
    lines = [
        Line("measured", [(x, seconds) for x, seconds, _ in points], "#1f6feb", has_dots=True),
        Line(f"counted arithmetic, through the point at {scaling.reference}", predicted, "#d1570f", dashes="7 4"),
        Line("counted arithmetic at the matrix products' peak", floor, "#8b95a5", dashes="2 4"),
    ]
    path = DOCUMENT.parent / f"{scaling.name}.svg"
    path.write_text(line_chart(scaling.title, scaling.axis, "seconds a step", lines), "utf-8")
    numbers = table(
        [scaling.axis, *(str(x) for x, _, _ in points)],
        [["measured, s", *(f"{seconds:.3f}" for _, seconds, _ in points)],
         ["predicted, s", *(f"{seconds:.3f}" for _, seconds in predicted)],
         ["share of peak", *(f"{least / seconds:.0%}" for (_, seconds, _), (_, least) in zip(points, floor))]],
        right=range(1, len(points) + 1))
    return f"![{scaling.title}]({path.name})\n\n{numbers}"


def summary(results, names):
    """The lines of the rows just measured, for the terminal."""
    lines = []
    for row in ROWS:
        if row.name in names:
            entry = results["rows"][row.name]
            name, title, peer, theirs, ours, ratio, aim = comparison(row, entry)
            lines.append(f"{row.name:14} {title}\n{'':14} here {ours}; {peer} {theirs}; times better {ratio}; target {aim}")
    return "\n".join(lines)
