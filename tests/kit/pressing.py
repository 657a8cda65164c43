"""A button that hands press twice: how far apart, over which network, by mouse or by keyboard."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from playwright.sync_api import Page

DELAYS = (10, 30, 80, 150, 300)  # ms between the presses
LATENCIES = (0, 100, 300)  # ms of the network


class Cell(NamedTuple):
    way: str
    by: str  # click or Enter
    delay: int
    latency: int


def every_cell(way: str) -> list[Cell]:
    """Each delay with each latency; by mouse and by keyboard in turn."""
    pairs = [(delay, latency) for delay in DELAYS for latency in LATENCIES]
    return [Cell(way, ("click", "Enter")[n % 2], *pair) for n, pair in enumerate(pairs)]


def some_cells(way: str) -> list[Cell]:
    """The answer is there before the second press, is on its way, has not begun."""
    return [Cell(way, "click", 30, 0), Cell(way, "Enter", 150, 100), Cell(way, "click", 80, 300)]


@contextmanager
def network(page: Page, latency: int) -> Iterator[None]:
    session = page.context.new_cdp_session(page)
    slow = {"offline": False, "downloadThroughput": -1, "uploadThroughput": -1}
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", slow | {"latency": latency})
    yield
    session.send("Network.emulateNetworkConditions", slow | {"latency": 0})
    session.detach()


def press_twice(page: Page, field: str, cell: Cell) -> None:
    """The button of the form that this field is in, as hands press it: the second one hits what is there by then."""
    form = page.locator("form").filter(has=page.locator(field))
    button = form.locator("[type=submit]").first
    button.scroll_into_view_if_needed()
    box = button.bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    if cell.by == "Enter":
        page.focus(field)
    for press in range(2):
        if press:
            page.wait_for_timeout(cell.delay)
        if cell.by == "click":
            page.mouse.click(x, y)
        else:
            page.keyboard.press("Enter")
