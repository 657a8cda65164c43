"""How long from the request for a code to the gateway, when many ask at once?

    python -m benchmarks.pace [SECONDS [A_SECOND [PROCESSES [PICTURE]]]]

33 requests a second (10,000 in five minutes) at a gateway that takes 200 ms, with one worker process more each time,
up to PROCESSES (3): for a minute each, the last for SECONDS (60). PostgreSQL, Redis, the gateway and whoever asks are
on the same cores. Prints a table for docs/sms.md and who took how much processor time for one SMS, and draws the last
line of the table into PICTURE (docs/pictures/pace.svg).
"""

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median, quantiles

from benchmarks import machine
from benchmarks.drawing import lines_of_seconds
from benchmarks.sending import Gateway, Site, ask, number, site, wait_for_the_end

TAKES = 0.2  # seconds
MINUTE = 60  # seconds
THREADS = 8  # of each worker process
LANES = 8  # that ask in turn
WINDOW = 10  # seconds that a point of the picture stands for


def rush(running: Site, first: int, count: int, a_second: float) -> list[float]:
    """Evenly, whether earlier ones were served or not; seconds from when each was due until it came to the gateway."""
    start = time.time() + 0.5

    def lane(of: int) -> None:
        for place in range(of, count, LANES):
            time.sleep(max(start + place / a_second - time.time(), 0))
            ask(first + place)

    with ThreadPoolExecutor(LANES) as pool:
        list(pool.map(lane, range(LANES)))
    wait_for_the_end(count / a_second + 120)
    came = running.gateway.came_at
    return [came[number(first + place)] - start - place / a_second for place in range(count)]


def main(picture: Path | None, seconds: int = 60, a_second: int = 33, most: int = 3) -> None:
    print(machine.told(), flush=True)
    print("| worker processes | SMS | median s | 99 of 100 within s | longest s |\n|---|---|---|---|---|")
    with site(Gateway(takes=TAKES)) as running:
        running.beat()
        first, costs = 0, list[str]()
        for processes in range(1, most + 1):
            running.worker("--concurrency", str(THREADS))
            warm_up(first)
            first += LANES
            before = running.cpu()
            times = rush(running, first, (seconds if processes == most else MINUTE) * a_second, a_second)
            first += len(times)
            p99 = quantiles(times, n=100)[98]
            print(f"| {processes} | {len(times)} | {median(times):.2f} | {p99:.2f} | {max(times):.2f} |", flush=True)
            costs.append(f"{processes}: {cost_of_one(before, running.cpu(), len(times))}")
    print("\nProcessor time for one SMS, by the number of worker processes:", *costs, sep="\n")
    if picture:
        windows = [times[place : place + WINDOW * a_second] for place in range(0, len(times), WINDOW * a_second)]
        picture.write_text(lines_of_seconds({
            "half of the SMS within": [median(window) for window in windows],
            "99 of 100 within": [quantiles(window, n=100)[98] for window in windows],
        }, WINDOW))  # fmt: skip


def cost_of_one(before: dict[str, float], after: dict[str, float], count: int) -> str:
    taken = {name: (seconds - before[name]) / count * 1000 for name, seconds in after.items()}
    return f"{sum(taken.values()):.1f} ms: " + ", ".join(f"{name} {cost:.1f}" for name, cost in taken.items())


def warm_up(first: int) -> None:
    """The worker that has just begun is there when its first SMS is through."""
    for of in range(LANES):
        ask(first + of)
    wait_for_the_end(60)
    time.sleep(5)  # until a second or third one is there as well


if __name__ == "__main__":
    main(Path(sys.argv[4]) if sys.argv[4:] else None, *map(int, sys.argv[1:4]))
