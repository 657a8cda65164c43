"""What mail logins leave behind, written after the answers and many in one go: last uses, counts, mistakes."""

import hmac
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from secrets import token_bytes
from typing import TypeVar

from accounts.bans.where import places
from accounts.maillogins import maillogins
from apppasswords import connections, last_use
from apppasswords.connections import Slip
from apppasswords.last_use import Use
from apppasswords.maillogin.decision import Verdict
from apppasswords.models import Mistake

KNOWN_AT_MOST = 50_000  # first uses that need not be written again
AT_ONCE = 200  # of each, in one transaction, which must end within the time that a login has
MISTAKES_AT_MOST = 1_000  # accounts between two rounds; in a flood of wrong passwords the others' are not noted
MISTAKES_FOR = 0.5  # seconds of each round: each may need a comparison of the mailbox password, which takes long


InTime = Callable[[], AbstractContextManager[None]]
Key = TypeVar("Key")
Note = TypeVar("Note")


class Notebook:
    """Filled by the thread that answers, emptied by another."""

    def __init__(self) -> None:
        self._uses: dict[int, Use] = {}
        self._tally = maillogins.Tally()
        self._known: set[tuple[int, str]] = set()
        self._first_uses: dict[tuple[int, str], Use] = {}
        self._places: dict[tuple[int, str], None] = {}
        self._slips: dict[int, Slip] = {}
        self._waiting: dict[int, Slip] = {}  # the same, of those who wait
        self._compared: dict[int, tuple[bytes, Mistake]] = {}
        self._key = token_bytes(32)

    def note(self, verdict: Verdict) -> None:
        if verdict.use:
            self._uses.setdefault(verdict.use.pk, verdict.use)
        if success := verdict.success:
            self._tally.add(success)
            if verdict.is_new_place:
                self._places[success.user_id, success.address] = None
            if verdict.app_password_id is not None:
                key = verdict.app_password_id, success.protocol
                if key not in self._known:
                    self._first_uses.setdefault(key, Use(*key, success.address, success.at))
        elif (slip := verdict.slip) and (slip.user_id in self._slips or len(self._slips) < MISTAKES_AT_MOST):
            self._slips[slip.user_id] = slip

    def has_notes(self) -> bool:
        return bool(self._uses or self._tally or self._first_uses)

    def has_mistakes(self) -> bool:
        return bool(self._slips or self._waiting)

    def write(self, in_time: InTime = nullcontext) -> None:
        """Raises what the database raises. Counts and first uses are kept then; the next login tells of a last use too.

        `in_time` is given to each transaction by itself: the more people sign in, the more of them there are.
        """
        counts = self._tally.take()
        try:
            while counts:
                with in_time():
                    maillogins.write(counts[: maillogins.AT_ONCE])
                del counts[: maillogins.AT_ONCE]
        except Exception:
            self._tally.put_back(counts)
            raise
        while first := _taken_from(self._first_uses):
            try:
                with in_time():
                    connections.note_first_uses(first.values())
            except Exception:
                self._first_uses |= first  # somebody may be waiting for them
                raise
            if len(self._known) >= KNOWN_AT_MOST:
                self._known.clear()
            self._known.update(first)
        while uses := _taken_from(self._uses):  # after the first uses: who sees this one sees those
            with in_time():
                last_use.note(uses.values())

    def write_places(self, in_time: InTime = nullcontext) -> None:
        """Soon: who mistypes a minute later is known there by then. What fails is noted by the next login."""
        while new := _taken_from(self._places):
            with in_time():
                places.note(new)

    def write_mistakes(self, in_time: InTime = nullcontext) -> None:
        """As many as there is time for. Apart from the rest, which waits for no slow comparison; what fails is lost."""
        fresh, self._slips = list(self._slips.values()), {}
        if fresh:
            with in_time():
                waiting = connections.who_waits(fresh)
            told = [slip for slip in fresh if slip.app_password_id or slip.user_id in waiting]
            self._waiting |= {slip.user_id: slip for slip in told}
        ends_at = time.monotonic() + MISTAKES_FOR
        while self._waiting and time.monotonic() < ends_at:
            slip = self._waiting.pop(next(iter(self._waiting)))
            with in_time():
                connections.note_mistake(slip, self._kind_of(slip))

    def _kind_of(self, slip: Slip) -> Mistake:
        """A program that repeats its password is compared once: a directory would count each time as a guess."""
        typed = hmac.digest(self._key, (slip.password or "").encode(), "sha256")
        known = self._compared.get(slip.user_id)
        if slip.kind is Mistake.WRONG and known and known[0] == typed:
            return known[1]
        kind = connections.kind_of(slip)
        if slip.kind is Mistake.WRONG:
            if len(self._compared) >= MISTAKES_AT_MOST:
                self._compared.clear()
            self._compared[slip.user_id] = typed, kind
        return kind


def _taken_from(notes: dict[Key, Note]) -> dict[Key, Note]:
    """The newest, which are not in there any more; others put in meanwhile."""
    return dict(notes.popitem() for _ in range(min(len(notes), AT_ONCE)))
