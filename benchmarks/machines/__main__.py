"""Thirteen machines of which each loses its power, and then its cable, while people and mail programs go on.

    python -m benchmarks.machines [ROUNDS] [KIND ...]        (make machines ARGS='1 postgresql mail')

As root, with PostgreSQL, Redis and Debian's haproxy. The clock of every second machine is 90 seconds ahead, and two
beats run all the time. Where the database that writes is gone, a standby is promoted five seconds later, as an
administrator does it. Ends with 1 if an SMS went out twice, a ban was forgotten, or something could not be done by
trying again. Writes the table into docs/reliability.md, of all runs since var/machines/machines.jsonl was deleted.
"""

import sys
import time
from collections.abc import Iterator

from benchmarks.machines.report import Found, Report, seconds, share
from benchmarks.machines.running import Running, missing, running
from benchmarks.machines.trial import Trial

AWAY, PROMOTED_AFTER = 8.0, 5.0  # seconds
QUIET = 3.0  # seconds
HOWS = ("power", "cable")
HEADING = """| what was gone | times | mail logins that failed at first | pages | seconds until nothing failed: half of them, all | longest wait for a code |
|---|---|---|---|---|---|
"""  # noqa: E501


class Loss:
    """Of one machine, for eight seconds."""

    def __init__(self, running: Running, name: str, how: str) -> None:
        self._site, self._name, self._how = running.site, name, how
        self._host, self._writes = running.site.of(name), name == running.site.primary
        self._began = 0.0

    def begin(self) -> None:
        self._began = time.monotonic()
        self._host.kill() if self._how == "power" else self._host.cut()
        if self._writes:
            time.sleep(PROMOTED_AFTER)
            self._site.promote()

    def end(self) -> None:
        time.sleep(max(self._began + AWAY - time.monotonic(), 0))
        if self._how == "cable":
            if self._writes:
                self._host.kill()  # before it is let in again: there is another one that writes
            self._host.join()
        if self._writes or (self._name in self._site.databases and self._how == "power"):
            self._site.follow(self._name)
        elif self._how == "power":
            self._host.begin()


def lost(running: Running, kinds: set[str]) -> Iterator[tuple[str, str, str]]:
    """What it is called, the machine that it is just now, and how it is lost: each machine, both ways."""
    site = running.site

    def parts() -> dict[str, list[tuple[str, str]]]:
        queue = site.queue()
        others = (
            [name for name in site.databases if name != site.primary],
            [name for name in site.queues if name != queue],
        )
        return {
            "postgresql": [
                ("the PostgreSQL that writes", site.primary),
                *(("a PostgreSQL that follows", one) for one in others[0]),
            ],
            "redis": [("the Redis that is asked", queue), *(("a Redis that follows", one) for one in others[1])],
            **{kind: [(called, f"{kind}{number}") for number in (1, 2)] for kind, called in CALLED.items()},
        }

    for kind in parts():
        if kinds and kind not in kinds:
            continue
        for place in range(len(parts()[kind])):
            for how in HOWS:
                called, name = parts()[kind][place]
                yield called, name, how


CALLED = {"web": "a portal", "mail": "a mail login service", "work": "a worker and beat"}
REPORT = Report(
    "machines",
    HEADING,
    lambda these: [
        share(these, "logins"), share(these, "pages"), seconds(these, "seconds until whole"),
        f"{max(one['longest wait for a code'] for one in these):.1f} s",
    ],
)  # fmt: skip


def main(rounds: int, kinds: set[str]) -> int:
    if why := missing():
        print("\n".join(why), file=sys.stderr)
        return 1
    with running() as site:
        trial = Trial(site.load, quiet=QUIET)
        trial.wait_until_whole()
        site.load.fresh()
        try:
            for _ in range(rounds):
                for called, name, how in lost(site, kinds):
                    loss = Loss(site, name, how)
                    found: Found = trial.of(loss.begin, loss.end)
                    REPORT.note({"what": f"{called}: {how}", "host": name, **found})
        finally:  # also of a run that is ended
            REPORT.note(site.end())
    return 0 if REPORT.write() else 1


if __name__ == "__main__":
    rounds, *kinds = sys.argv[1:] or ["1"]
    sys.exit(main(int(rounds), set(kinds)))
