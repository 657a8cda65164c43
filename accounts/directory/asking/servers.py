"""Which server is asked next. One that did not answer is left alone for a while, then one asker tries it for all."""

import time
from collections.abc import Iterator
from threading import Lock

LEFT_ALONE = 2.0  # seconds


class Servers:
    def __init__(self, urls: list[str]) -> None:
        self._urls = urls
        self._again_at: dict[str, float] = {}
        self._lock = Lock()

    def in_turn(self) -> Iterator[str]:
        """In the order of the settings."""
        return (url for url in self._urls if self._is_mine(url))

    def _is_mine(self, url: str) -> bool:
        """Who comes first to one that was left alone for long enough tries it; the others go on."""
        with self._lock:
            again_at = self._again_at.get(url)
            if again_at is None:
                return True
            if time.monotonic() < again_at:
                return False
            self._again_at[url] = time.monotonic() + LEFT_ALONE
            return True

    def note_silence(self, url: str) -> bool:
        """Whether that is news."""
        with self._lock:
            is_news = url not in self._again_at
            self._again_at[url] = time.monotonic() + LEFT_ALONE
            return is_news

    def note_answer(self, url: str) -> None:
        with self._lock:
            self._again_at.pop(url, None)

    def silent(self) -> list[str]:
        """Those that did not answer this process when they were asked last."""
        with self._lock:
            return sorted(self._again_at)
