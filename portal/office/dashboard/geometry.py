"""Figures turned into positions on a drawing. Templates draw them; every one is a per cent of the drawing's size."""

from collections.abc import Sequence
from dataclasses import dataclass

TICKS = 6  # at most, above zero
LABELS = 7  # at most, below a drawing
GAP = 0.3  # of a column's share: the space between columns
DOTS = 31  # points of a line that are few enough to be dots as well

Values = Sequence[int | None]  # None: not known, which is not zero


@dataclass(frozen=True)
class Scale:
    """From zero up to a round number that is not exceeded."""

    top: int
    ticks: tuple[int, ...]  # from zero to the top, evenly

    def height(self, value: int) -> float:
        return 100 * value / self.top


@dataclass(frozen=True)
class Box:
    """One piece of a column. `look` is its series."""

    look: int
    x: str
    y: str
    width: str
    height: str


@dataclass(frozen=True)
class Label:
    text: str
    x: str
    anchor: str  # as SVG names it


@dataclass(frozen=True)
class Line:
    """One series: pieces between gaps, each the points of a polyline in a square of 100."""

    look: int
    pieces: tuple[str, ...]
    dots: tuple[tuple[str, str], ...]


def scale(highest: int) -> Scale:
    """Steps of 1, 2 or 5 times a power of ten, whole numbers."""
    if highest <= 0:
        return Scale(1, (0, 1))
    step = 1
    while True:
        for factor in (1, 2, 5):
            if highest <= step * factor * TICKS:
                size = step * factor
                count = -(-highest // size)
                return Scale(size * count, tuple(range(0, size * count + 1, size)))
        step *= 10


def grid(measure: Scale) -> list[str]:
    return [_per_cent(100 - measure.height(tick)) for tick in reversed(measure.ticks)]


def stacked(series: Sequence[Values]) -> tuple[Scale, list[Box]]:
    """One column a period, the first series at the bottom."""
    columns = list(zip(*series, strict=True))
    share = 100 / max(len(columns), 1)
    measure = scale(max((sum(value or 0 for value in column) for column in columns), default=0))
    boxes = []
    for number, column in enumerate(columns):
        below = 0
        for look, value in enumerate(column, 1):
            if value:
                below += value
                x, width = share * (number + GAP / 2), share * (1 - GAP)
                y, height = 100 - measure.height(below), measure.height(value)
                boxes.append(Box(look, _per_cent(x), _per_cent(y), _per_cent(width), _per_cent(height)))
    return measure, boxes


def lines(series: Sequence[Values], top: int = 0) -> tuple[Scale, list[Line]]:
    """`top`: what the scale reaches at least."""
    measure = scale(max((value for values in series for value in values if value is not None), default=0) or top)
    if top > measure.top:
        measure = scale(top)
    return measure, [_line(look, values, measure) for look, values in enumerate(series, 1)]


def _line(look: int, values: Values, measure: Scale) -> Line:
    share = 100 / max(len(values), 1)
    pieces: list[list[tuple[float, float]]] = [[]]
    for number, value in enumerate(values):
        if value is None:
            pieces.append([])
        else:
            pieces[-1].append((share * (number + 0.5), 100 - measure.height(value)))
    alone = [point for piece in pieces if len(piece) == 1 for point in piece]  # a line of one point is not seen
    dots = [point for piece in pieces for point in piece] if len(values) <= DOTS else alone
    return Line(
        look,
        tuple(" ".join(f"{x:.2f},{y:.2f}" for x, y in piece) for piece in pieces if len(piece) > 1),
        tuple((_per_cent(x), _per_cent(y)) for x, y in dots),
    )


def labels(texts: Sequence[str]) -> list[Label]:
    """Below the columns of a drawing: as many as there is room for, the first and the last among them."""
    count = len(texts)
    if not count:
        return []
    shown = min(count, LABELS)
    chosen = sorted({round(n * (count - 1) / max(shown - 1, 1)) for n in range(shown)})
    share = 100 / count
    found = [Label(texts[number], _per_cent(share * (number + 0.5)), "middle") for number in chosen]
    if count > LABELS:  # they would stand out of the drawing
        found[0], found[-1] = Label(texts[0], "0%", "start"), Label(texts[-1], "100%", "end")
    return found


def rows(values: Sequence[int], whole: int | Sequence[int]) -> list[str]:
    """Lengths of bars that lie below each other: of a whole, or each of its own."""
    wholes = [whole] * len(values) if isinstance(whole, int) else whole
    return [_per_cent(100 * value / of if of else 0) for value, of in zip(values, wholes, strict=True)]


def _per_cent(value: float) -> str:
    return f"{value:.2f}%"
