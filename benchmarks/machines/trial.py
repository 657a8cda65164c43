"""One thing goes wrong while people and mail programs go on: what they noticed, and how long."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from benchmarks import people
from benchmarks.machines.load import LET_IN, Load, summed
from tests.kit.waiting import wait_until

GUESSES, REFUSED, BANNED = 10, 401, 429
NO_ANSWER = "no answer"
UNWELL = ("503", NO_ANSWER)  # of /health/ready
STEADY = 1.0  # seconds
WHOLE_WITHIN = 60.0  # seconds after it is back
HEADERS = {"Host": "portal.example.edu", "X-Forwarded-Proto": "https"}


class Trial:
    def __init__(self, load: Load, *, quiet: float) -> None:
        """`quiet`: it is whole when nothing has failed for so many seconds."""
        self.load, self._quiet, self._guessed = load, quiet, 0

    def of(self, goes_wrong: Callable[[], None], is_mended: Callable[[], None]) -> dict[str, Any]:
        address = self._ban()
        self.wait_until_whole()
        time.sleep(STEADY)
        before = summed(self.load.fresh(), 0)
        since = time.monotonic()
        twice = self._sent_twice()
        goes_wrong()
        with ThreadPoolExecutor(1) as meanwhile:
            mending = meanwhile.submit(_at, is_mended)
            health, held = self._health(), self._holds(address)
            back = mending.result()
        whole = self.wait_until_whole()
        found = summed(self.load.fresh(), since)
        return found | {
            "seconds until whole": max(found["last failure"] - since, 0), "after it was mended":
            max(found["last failure"] - back, 0), "health": health, "ban held": held and self._is_banned(address),
            "failed before": before["logins that failed at first"] + before["pages that failed at first"],
            "sent twice": self._sent_twice() - twice, "whole at the end": whole, "until it was mended": back - since,
        }  # fmt: skip

    def _sent_twice(self) -> int:
        return sum(times > 1 for times in list(self.load.gateway.said.values()))

    def wait_until_whole(self) -> bool:
        """Nothing fails any more, nobody waits for a code, and the portal says that it is ready."""

        def well() -> bool:
            if self.load.waits():
                return False
            now = time.monotonic()
            tries = [*self.load.told.logins, *self.load.told.pages]
            is_quiet = all(at < now - self._quiet for one in tries for at in one.failed_at)
            return is_quiet and self._health() not in UNWELL

        try:
            wait_until(well, WHOLE_WITHIN)
        except AssertionError:
            return False
        return True

    def _health(self) -> str:
        """As the office's monitoring sees it."""
        try:
            answer, text = self.load.ask(80, "GET", "/health/ready", HEADERS)
        except OSError:
            return NO_ANSWER
        return text.replace("\n", ", ").strip(", ") if answer.status == 200 else str(answer.status)

    # --- A ban

    def _ban(self) -> str:
        """Somebody guesses until the address is banned; all of it was told. All at once, as each refusal takes its
        time."""
        self._guessed += 1
        address = f"10.{70 + self._guessed // 256}.{self._guessed % 256}.7"

        def guess(turn: int) -> None:
            wait_until(partial(self._is_refused, f"wrong {turn}", address), 30)

        with ThreadPoolExecutor(GUESSES) as somebody:
            list(somebody.map(guess, range(GUESSES)))
        wait_until(lambda: self._asked("wrong", address) == BANNED, 5)
        return address

    def _is_refused(self, password: str, address: str) -> bool:
        return self._asked(password, address) in (REFUSED, BANNED)

    def _asked(self, password: str, address: str) -> int:
        try:
            return self.load.mail_login(people.owners(10)[0][0], password, address)
        except OSError:
            return 0

    def _holds(self, address: str) -> bool:
        """The right password is not let in there, whether or not it can be told."""
        return self._asked(people.owners(10)[0][1], address) != LET_IN

    def _is_banned(self, address: str) -> bool:
        """By the first answer that says so or not: a busy service may say that it cannot tell."""

        def told() -> int:
            status = self._asked(people.owners(10)[0][1], address)
            return status if status in (LET_IN, REFUSED, BANNED) else 0

        return wait_until(told, 30) == BANNED


def _at(does: Callable[[], None]) -> float:
    """When it was done."""
    does()
    return time.monotonic()
