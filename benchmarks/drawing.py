"""Pictures of what was measured, for docs/: SVG, readable on a light and on a dark page."""

from collections.abc import Mapping, Sequence
from math import ceil, floor, log10

WIDTH, HEIGHT = 720, 300
LEFT, RIGHT, TOP, BOTTOM = 56, 32, 40, 40
COLOURS = ("#0b6bcb", "#c2410c", "#15803d", "#7e22ce", "#b45309", "#0f766e", "#be123c")
NAMES = 200  # at the right, of lines that are many
STYLE = "text{font:13px sans-serif;fill:#1f2937}.grid{stroke:#d1d5db}svg{background:#fff}"


def lines_of_seconds(series: Mapping[str, Sequence[float]], step: float, unit: str = "s") -> str:
    """A point each `step` of `unit`, from nothing up to a round figure over the largest."""
    top = _round_up(max(map(max, series.values())))
    last = step * max(1, max(map(len, series.values())) - 1)
    marks = [_level(top * part / 4, top) for part in range(5)]
    for part in range(6):
        at = last * part / 5
        marks.append(_text(_x(at, last), HEIGHT - BOTTOM + 20, f"{at:.0f} {unit}", "middle"))
    lines = [
        _line(number, name, [(_x(step * place, last), _y(value, top)) for place, value in enumerate(values)])
        for number, (name, values) in enumerate(series.items())
    ]
    return _whole([*marks, *lines])


def growth(sizes: Sequence[int], series: Mapping[str, Sequence[float]], unit: str = "s") -> str:
    """Both ways by powers of ten: what grows as the size does rises as the grid does."""
    least = floor(log10(min(map(min, series.values()))))
    most = max(least + 1, ceil(log10(max(map(max, series.values())))))
    first, last = log10(sizes[0]), log10(sizes[-1])

    def x(size: float) -> float:
        return LEFT + (WIDTH - LEFT - NAMES) * (log10(size) - first) / (last - first)

    def y(value: float) -> float:
        return _y(log10(value) - least, most - least)

    marks = [_text(x(size), HEIGHT - BOTTOM + 20, f"{size:,}", "middle") for size in sizes]
    for power in range(least, most + 1):
        at, word = y(10.0**power), f"{10.0**power:g} {unit}"
        marks += [_grid(LEFT, WIDTH - NAMES, at), _text(LEFT - 8, at + 4, word, "end")]
    places = _apart({name: y(values[-1]) for name, values in series.items()})
    lines = [
        _path(colour, [(x(size), y(value)) for size, value in zip(sizes, values, strict=True)])
        + f'<text x="{WIDTH - NAMES + 10}" y="{places[name] + 4:.1f}" style="fill:{colour}">{name}</text>'
        for colour, (name, values) in zip(COLOURS, series.items(), strict=False)
    ]
    return _whole([*marks, *lines])


def _apart(places: Mapping[str, float]) -> dict[str, float]:
    """So far that each can be read."""
    put: dict[str, float] = {}
    for name in sorted(places, key=lambda one: places[one]):
        put[name] = max(places[name], max(put.values(), default=0) + 16)
    over = max(0, max(put.values()) - (HEIGHT - BOTTOM))
    return {name: at - over for name, at in put.items()}


def _whole(parts: Sequence[str]) -> str:
    view = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
    body = "\n".join(parts)
    return f'<svg xmlns="http://www.w3.org/2000/svg" {view} role="img">\n<style>{STYLE}</style>\n{body}\n</svg>\n'


def _round_up(value: float) -> float:
    unit = 10.0 ** floor(log10(value))
    return next(factor * unit for factor in (1, 2, 4, 5, 10) if factor * unit >= value)


def _level(value: float, top: float) -> str:
    y = _y(value, top)
    digits = max(0, ceil(-log10(top / 4)) + 1)
    return _grid(LEFT, WIDTH - RIGHT, y) + _text(LEFT - 8, y + 4, f"{value:.{digits}f} s", "end")


def _grid(begin: float, end: float, y: float) -> str:
    return f'<line class="grid" x1="{begin}" x2="{end}" y1="{y:.1f}" y2="{y:.1f}"/>'


def _line(number: int, name: str, points: Sequence[tuple[float, float]]) -> str:
    colour, x = COLOURS[number], LEFT + 220 * number
    key = f'<line x1="{x}" x2="{x + 20}" y1="18" y2="18" stroke="{colour}" stroke-width="3"/>'
    return key + _text(x + 28, 22, name, "start") + _path(colour, points)


def _path(colour: str, points: Sequence[tuple[float, float]]) -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'


def _text(x: float, y: float, words: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{words}</text>'


def _x(at: float, last: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * at / last


def _y(value: float, top: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * value / top
