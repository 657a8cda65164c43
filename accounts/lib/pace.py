"""When an answer leaves that must not tell by its time what it took to find out."""

import time
from secrets import randbelow

BLUR = 20_000  # microseconds at most, by chance: what little is left of a difference drowns in it


def leaves_at(came_at: float, after: float) -> float:
    """So many seconds after its request came or, if finding out took longer, twice, three times as many. Of the
    monotonic clock."""
    if not after:
        return came_at
    times = int((time.monotonic() - came_at) / after) + 1
    return came_at + times * after + randbelow(BLUR) / 1e6
