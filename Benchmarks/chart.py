"""A small writer of line charts as SVG."""
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 720, 420
LEFT, RIGHT, TOP, BOTTOM = 70, 24, 48, 56
STYLE = (
    "text{font-family:system-ui,-apple-system,'Segoe UI',sans-serif;font-size:13px;fill:#3d4451}"
    ".title{font-size:15px;font-weight:600;fill:#1d222b}"
    ".grid{stroke:#e6e8ec;stroke-width:1}.axis{stroke:#9aa1ad;stroke-width:1}"
)


@dataclass(frozen=True)
class Line:
    label: str
    points: list  # of (x, y)
    color: str
    dashes: str = ""
    has_dots: bool = False


def line_chart(title, x_label, y_label, lines):
    """A chart with both axes from zero; its ticks along x stand where the first line has points."""
    ticks = [x for x, _ in lines[0].points]
    y_ticks = round_ticks(max(y for line in lines for _, y in line.points))
    plot = Plot(max(ticks) * 1.04, y_ticks[-1])
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'role="img" aria-label="{escape(title)}">',
        f"<style>{STYLE}</style>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        text(LEFT, 26, title, anchor="start", css="title"),
        *(y_tick(plot, y) for y in y_ticks),
        *x_ticks(plot, ticks),
        f'<line class="axis" x1="{LEFT}" y1="{plot.y(0):.1f}" x2="{WIDTH - RIGHT}" y2="{plot.y(0):.1f}"/>',
        f'<line class="axis" x1="{LEFT}" y1="{TOP}" x2="{LEFT}" y2="{plot.y(0):.1f}"/>',
        text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, x_label),
        f'<text transform="translate(18 {(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)" text-anchor="middle">'
        f"{escape(y_label)}</text>",
        *(drawn(plot, line) for line in reversed(lines)),
        *(key(index, line) for index, line in enumerate(lines)),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


@dataclass(frozen=True)
class Plot:
    """Where values stand on the page."""

    x_end: float
    y_end: float

    def x(self, value):
        return LEFT + (WIDTH - LEFT - RIGHT) * value / self.x_end

    def y(self, value):
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / self.y_end


def round_ticks(largest, wanted=5):
    """Ticks from 0 to beyond the largest value, at 1, 2 or 5 times a power of ten."""
    power = 10.0
    while largest / power < wanted:
        power /= 10
    step = next(power * factor for factor in (1, 2, 5, 10) if largest / (power * factor) <= wanted)
    count = int(largest / step) + 1
    return [step * index for index in range(count + 1)]


def text(x, y, words, anchor="middle", css=""):
    css = f' class="{css}"' if css else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{css}>{escape(words)}</text>'


def y_tick(plot, value):
    y = plot.y(value)
    return (
        f'<line class="grid" x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}"/>'
        + text(LEFT - 8, y + 4, f"{value:.4g}", anchor="end"))


def x_ticks(plot, values):
    """A mark at each value, a number where it has room."""
    parts, last = [], 0.0
    for value in values:
        x = plot.x(value)
        parts.append(
            f'<line class="axis" x1="{x:.1f}" y1="{plot.y(0):.1f}" x2="{x:.1f}" y2="{plot.y(0) + 5:.1f}"/>')
        if x - last >= 26:
            parts.append(text(x, plot.y(0) + 20, f"{value:g}"))
            last = x
    return parts


def drawn(plot, line):
    places = [(plot.x(x), plot.y(y)) for x, y in line.points]
    dashes = f' stroke-dasharray="{line.dashes}"' if line.dashes else ""
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    parts = [f'<polyline points="{path}" fill="none" stroke="{line.color}" stroke-width="2"{dashes}/>']
    if line.has_dots:
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{line.color}"/>' for x, y in places]
    return "\n".join(parts)


def key(index, line):
    y = TOP + 16 + 20 * index
    dashes = f' stroke-dasharray="{line.dashes}"' if line.dashes else ""
    return (
        f'<line x1="{LEFT + 14}" y1="{y}" x2="{LEFT + 42}" y2="{y}" stroke="{line.color}" stroke-width="2"{dashes}/>'
        + (f'<circle cx="{LEFT + 28}" cy="{y}" r="4" fill="{line.color}"/>' if line.has_dots else "")
        + text(LEFT + 50, y + 4, line.label, anchor="start"))
