"""Figures on a drawing: where they stand, whatever they are."""

from itertools import pairwise

import pytest

from portal.office.dashboard import geometry
from portal.office.dashboard.geometry import Scale


def numbers(*texts: str) -> list[float]:
    return [float(text.removesuffix("%")) for text in texts]


@pytest.mark.parametrize(
    ("highest", "ticks"),
    [
        (0, (0, 1)),
        (-3, (0, 1)),
        (1, (0, 1)),
        (6, (0, 1, 2, 3, 4, 5, 6)),
        (7, (0, 2, 4, 6, 8)),
        (100, (0, 20, 40, 60, 80, 100)),
        (10_002, (0, 2000, 4000, 6000, 8000, 10000, 12000)),
    ],
)
def test_ticks_are_round_numbers_from_zero(highest: int, ticks: tuple[int, ...]) -> None:
    assert geometry.scale(highest) == Scale(ticks[-1], ticks)


def test_nothing_stands_out_and_little_is_empty() -> None:
    for highest in (*range(1, 500), 9_999, 10**6 + 1, 10**18, 7 * 10**30):
        scale = geometry.scale(highest)
        assert highest <= scale.top < 2 * highest + 2
        assert len(scale.ticks) <= geometry.TICKS + 1
        assert len({after - before for before, after in pairwise(scale.ticks)}) == 1


def test_columns_stand_on_each_other() -> None:
    scale, boxes = geometry.stacked([[1, 0, 3], [3, 0, 1]])
    assert scale.top == 4
    assert [box.look for box in boxes] == [1, 2, 1, 2], "what is zero is not drawn"
    low, high = boxes[:2]
    assert numbers(low.y, low.height, high.y, high.height) == [75, 25, 0, 75]
    assert low.x == high.x
    assert numbers(low.x, low.width) == [pytest.approx(5), pytest.approx(23.33)]
    assert numbers(boxes[-1].x)[0] + numbers(boxes[-1].width)[0] < 100


@pytest.mark.parametrize("series", [[], [[]], [[], []]])
def test_no_days_are_no_columns(series: list[list[int]]) -> None:
    assert geometry.stacked(series) == (Scale(1, (0, 1)), [])


def test_days_without_anything_are_an_empty_drawing() -> None:
    assert geometry.stacked([[0, 0], [None, 0]]) == (Scale(1, (0, 1)), [])


def test_one_day_is_one_column() -> None:
    _scale, [box] = geometry.stacked([[5]])
    assert numbers(box.x, box.width, box.y, box.height) == [15, 70, 0, 100]


def test_a_line_goes_through_the_middle_of_its_places() -> None:
    scale, [line] = geometry.lines([[0, 2, 4]])
    assert scale.top == 4
    assert line.pieces == ("16.67,100.00 50.00,50.00 83.33,0.00",)
    assert line.dots == (("16.67%", "100.00%"), ("50.00%", "50.00%"), ("83.33%", "0.00%"))


def test_what_is_not_known_is_a_gap_and_not_zero() -> None:
    _scale, [line] = geometry.lines([[None, 1, 1, None, 1, None]])
    assert len(line.pieces) == 1
    assert len(line.dots) == 3, "one alone is seen as a dot"


def test_of_many_points_only_lonely_ones_are_dots() -> None:
    _scale, [line] = geometry.lines([[1, None, *[1] * 50]])
    assert len(line.dots) == 1


def test_a_scale_reaches_what_it_is_to_reach() -> None:
    assert geometry.lines([[1]], top=90)[0].top == 100
    assert geometry.lines([[None]], top=0)[0].top == 1
    assert geometry.lines([[200]], top=90)[0].top == 200


def test_huge_figures_stay_within_the_drawing() -> None:
    _scale, boxes = geometry.stacked([[10**15, 1], [10**15, 0]])
    places = [number for box in boxes for number in numbers(box.y, box.height)]
    assert all(0 <= place <= 100 for place in places)


@pytest.mark.parametrize(("count", "shown"), [(0, 0), (1, 1), (2, 2), (7, 7), (30, 7), (52, 7)])
def test_labels_are_few_and_end_with_the_last(count: int, shown: int) -> None:
    texts = [str(number) for number in range(count)]
    labels = geometry.labels(texts)
    assert len(labels) == shown
    assert [label.text for label in labels[:1] + labels[-1:]] == texts[:1] + texts[-1:] if count != 1 else ["0", "0"]
    assert all(0 <= number <= 100 for number in numbers(*(label.x for label in labels)))


def test_bars_are_of_a_whole_or_each_of_its_own() -> None:
    assert geometry.rows([1, 2], 4) == ["25.00%", "50.00%"]
    assert geometry.rows([1, 0], [2, 0]) == ["50.00%", "0.00%"]
    assert geometry.rows([0], 0) == ["0.00%"]


def test_grid_lines_are_where_the_ticks_are() -> None:
    assert geometry.grid(geometry.scale(4)) == ["0.00%", "25.00%", "50.00%", "75.00%", "100.00%"]
