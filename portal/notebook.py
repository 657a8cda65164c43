"""What mail logins leave behind, written after the answers and many in one go: last uses, counts, mistakes."""

from datetime import datetime

from accounts import logins
from apppasswords import connections, passwords
from apppasswords.connections import Slip
from apppasswords.verification import Use, Verdict

KNOWN_AT_MOST = 50_000  # first uses that need not be written again
MISTAKES_AT_MOST = 1_000  # accounts; in a flood of wrong passwords the others' are not noted
MISTAKES_AT_ONCE = 3  # each may need a comparison of the mailbox password, which takes long


class Notebook:
    """Filled by the thread that answers, emptied by another."""

    def __init__(self) -> None:
        self._uses: dict[int, Use] = {}
        self._tally = logins.Tally()
        self._known: set[tuple[int, str]] = set()
        self._first_uses: dict[tuple[int, str], tuple[str, datetime]] = {}
        self._slips: dict[int, Slip] = {}

    def note(self, verdict: Verdict) -> None:
        if verdict.use:
            self._uses.setdefault(verdict.use.pk, verdict.use)
        if success := verdict.success:
            self._tally.add(success)
            if verdict.app_password_id is not None:
                key = verdict.app_password_id, success.protocol
                if key not in self._known:
                    self._first_uses.setdefault(key, (success.address, success.at))
        elif (slip := verdict.slip) and (slip.user_id in self._slips or len(self._slips) < MISTAKES_AT_MOST):
            self._slips[slip.user_id] = slip

    def has_notes(self) -> bool:
        return bool(self._uses or self._tally or self._first_uses)

    def has_mistakes(self) -> bool:
        return bool(self._slips)

    def write(self) -> None:
        """Raises what the database raises. The counts are kept then; of a last use the next login tells as well."""
        counts = self._tally.take()
        try:
            while counts:
                logins.write(counts[: logins.AT_ONCE])
                del counts[: logins.AT_ONCE]
        except Exception:
            self._tally.put_back(counts)
            raise
        while self._uses:
            _pk, use = self._uses.popitem()
            passwords.note_use(use.pk, use.protocol, use.address, use.at)
        while self._first_uses:
            key, (address, at) = self._first_uses.popitem()
            connections.note_first_use(*key, address, at)
            if len(self._known) >= KNOWN_AT_MOST:
                self._known.clear()
            self._known.add(key)

    def write_mistakes(self) -> None:
        """Some of them. Apart from the rest, so that nothing else waits for a slow comparison; lost if it fails."""
        some = [self._slips.pop(owner) for owner in list(self._slips)[:MISTAKES_AT_ONCE]]
        connections.note_mistakes(some)
