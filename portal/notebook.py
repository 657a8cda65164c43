"""What mail logins leave behind, written after the answers and many in one go: last uses and counts."""

from accounts import logins
from apppasswords import passwords
from apppasswords.verification import Use, Verdict


class Notebook:
    """Filled by the thread that answers, emptied by another."""

    def __init__(self) -> None:
        self._uses: dict[int, Use] = {}
        self._tally = logins.Tally()

    def note(self, verdict: Verdict) -> None:
        if verdict.use:
            self._uses.setdefault(verdict.use.pk, verdict.use)
        if verdict.success:
            self._tally.add(verdict.success)

    def has_notes(self) -> bool:
        return bool(self._uses or self._tally)

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
