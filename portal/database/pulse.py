"""Whether the database answers anybody: asked by one thread of the process, so that all others need not find out."""

import logging
import threading
from collections.abc import Callable

logger = logging.getLogger(__name__)

ASK_EVERY = 0.3  # seconds, while it is away
OTHERWISE_EVERY = 30  # seconds


class Pulse:
    def __init__(self) -> None:
        self.is_away = False
        self.beats = False  # somebody asks
        self._wanted = threading.Event()

    def start(self, answers: Callable[[], bool]) -> None:
        """In a process whose people wait."""
        self.beats = True
        self.ask()
        threading.Thread(target=self._beat, args=(answers,), name="pulse", daemon=True).start()

    def ask(self) -> None:
        """Somebody has waited for long."""
        self._wanted.set()

    def _beat(self, answers: Callable[[], bool]) -> None:
        pause = threading.Event()
        while True:
            self._wanted.wait(ASK_EVERY if self.is_away else OTHERWISE_EVERY)
            self._wanted.clear()
            self._note(answers())
            pause.wait(ASK_EVERY)

    def _note(self, answers: bool) -> None:
        if answers is self.is_away:
            logger.warning("The database answers again" if answers else "The database does not answer")
        self.is_away = not answers


pulse = Pulse()
