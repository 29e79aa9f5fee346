"""Line charts whose axes are logarithms, in the style of chart.py."""
import math
from dataclasses import dataclass
from html import escape

import chart
from chart import BOTTOM, HEIGHT, LEFT, RIGHT, STYLE, TOP, WIDTH


@dataclass(frozen=True)
class LogPlot:
    """Where values stand on the page; each axis from its least to its largest value."""

    x_ends: tuple
    y_ends: tuple
    has_log_y: bool

    def x(self, value):
        first, last = map(math.log, self.x_ends)
        return LEFT + (WIDTH - LEFT - RIGHT) * (math.log(value) - first) / (last - first)

    def y(self, value):
        first, last = map(math.log, self.y_ends) if self.has_log_y else self.y_ends
        place = math.log(value) if self.has_log_y else value
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (place - first) / (last - first)


def log_chart(title, x_label, y_label, lines, x_name, y_ticks=None):
    """`x_name` says a value of x; `y_ticks` makes the axis of y a plain one with these marks."""
    xs = sorted({x for line in lines for x, _ in line.points})
    ys = [y for line in lines for _, y in line.points]
    marks = y_ticks or powers(min(ys), max(ys))
    plot = LogPlot((xs[0], xs[-1]), (marks[0], marks[-1]), y_ticks is None)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'role="img" aria-label="{escape(title)}">',
        f"<style>{STYLE}</style>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        chart.text(LEFT, 26, title, anchor="start", css="title"),
        *(chart.y_tick(plot, y) for y in marks),
        *x_ticks(plot, xs, x_name),
        f'<line class="axis" x1="{LEFT}" y1="{HEIGHT - BOTTOM}" x2="{WIDTH - RIGHT}" y2="{HEIGHT - BOTTOM}"/>',
        f'<line class="axis" x1="{LEFT}" y1="{TOP}" x2="{LEFT}" y2="{HEIGHT - BOTTOM}"/>',
        chart.text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, x_label),
        f'<text transform="translate(18 {(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)" text-anchor="middle">'
        f"{escape(y_label)}</text>",
        *(chart.drawn(plot, line) for line in reversed(lines)),
        "</svg>",
    ]
    # The key stands where it hides least: above to the left where lines rise, below to the left where they fall.
    keys = [chart.key(index, line) for index, line in enumerate(lines)]
    shift = 0 if y_ticks is None else HEIGHT - BOTTOM - TOP - 20 * len(lines) - 12
    parts[-1:-1] = [f'<g transform="translate(0 {shift})">', *keys, "</g>"]
    return "\n".join(parts) + "\n"


def powers(least, most):
    return [10.0**power for power in range(math.floor(math.log10(least)), math.ceil(math.log10(most)) + 1)]


def x_ticks(plot, values, name):
    bottom = HEIGHT - BOTTOM
    parts, last = [], 0.0
    for value in values:
        x = plot.x(value)
        parts.append(f'<line class="axis" x1="{x:.1f}" y1="{bottom}" x2="{x:.1f}" y2="{bottom + 5}"/>')
        if x - last >= 44:
            parts.append(chart.text(x, bottom + 20, name(value)))
            last = x
    return parts
