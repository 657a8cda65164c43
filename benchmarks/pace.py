"""How long from the request for a code to the gateway, when many ask at once?

    python -m benchmarks.pace [SECONDS [A_SECOND]]

33 requests a second (10,000 in five minutes) at a gateway that takes 200 ms, for a minute by default, with one worker
process more each time. PostgreSQL, Redis, the gateway and whoever asks are on the same cores. Prints a table for
docs/sms.md.
"""

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from statistics import median, quantiles

from benchmarks.sending import Gateway, Site, ask, number, site, wait_for_the_end

TAKES = 0.2  # seconds
THREADS = 8  # of each worker process
LANES = 8  # that ask in turn
PROCESSES = (1, 2, 3)


def rush(running: Site, first: int, count: int, a_second: float) -> list[float]:
    """Evenly, whether earlier ones were served or not; seconds from when each was due until it came to the gateway."""
    start = time.time() + 0.5

    def lane(of: int) -> None:
        for place in range(of, count, LANES):
            time.sleep(max(start + place / a_second - time.time(), 0))
            ask(first + place)

    with ThreadPoolExecutor(LANES) as pool:
        list(pool.map(lane, range(LANES)))
    wait_for_the_end(120)
    came = running.gateway.came_at
    return [came[number(first + place)] - start - place / a_second for place in range(count)]


def main(seconds: int = 60, a_second: int = 33) -> None:
    print("| worker processes | SMS | median s | 99 of 100 within s | longest s |\n|---|---|---|---|---|")
    with site(Gateway(takes=TAKES)) as running:
        running.beat()
        first = 0
        for processes in PROCESSES:
            running.worker("--concurrency", str(THREADS))
            warm_up(first)
            first += LANES
            times = rush(running, first, seconds * a_second, a_second)
            first += len(times)
            p99 = quantiles(times, n=100)[98]
            print(f"| {processes} | {len(times)} | {median(times):.2f} | {p99:.2f} | {max(times):.2f} |", flush=True)


def warm_up(first: int) -> None:
    """The worker that has just begun is there when its first SMS is through."""
    for of in range(LANES):
        ask(first + of)
    wait_for_the_end(60)
    time.sleep(5)  # until a second or third one is there as well


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
