"""Pictures of what was measured, for docs/: SVG, readable on a light and on a dark page."""

from collections.abc import Mapping, Sequence
from math import ceil, floor, log10

WIDTH, HEIGHT = 720, 300
LEFT, RIGHT, TOP, BOTTOM = 56, 32, 40, 40
COLOURS = ("#0b6bcb", "#c2410c")
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
    body = "\n".join([*marks, *lines])
    view = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {view} role="img">\n<style>{STYLE}</style>\n{body}\n</svg>\n'


def _round_up(value: float) -> float:
    unit = 10.0 ** floor(log10(value))
    return next(factor * unit for factor in (1, 2, 4, 5, 10) if factor * unit >= value)


def _level(value: float, top: float) -> str:
    y = _y(value, top)
    grid = f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
    digits = max(0, ceil(-log10(top / 4)) + 1)
    return grid + _text(LEFT - 8, y + 4, f"{value:.{digits}f} s", "end")


def _line(number: int, name: str, points: Sequence[tuple[float, float]]) -> str:
    colour, x = COLOURS[number], LEFT + 220 * number
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    key = f'<line x1="{x}" x2="{x + 20}" y1="18" y2="18" stroke="{colour}" stroke-width="3"/>'
    line = f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'
    return key + _text(x + 28, 22, name, "start") + line


def _text(x: float, y: float, words: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{words}</text>'


def _x(at: float, last: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * at / last


def _y(value: float, top: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * value / top
