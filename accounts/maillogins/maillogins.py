"""Logins of mail programs that were let in, counted by person, day, protocol and method."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from queue import SimpleQueue
from typing import NamedTuple

from django.conf import settings
from django.utils import timezone

from accounts.lib import expired, origins, prepared
from accounts.maillogins.models import MailLogin
from accounts.users.models import User

Method = MailLogin.Method

AT_ONCE = 200  # rows in one transaction, which must end within the time that a login has


class Success(NamedTuple):
    """One login that was let in."""

    user_id: int
    protocol: str
    method: str
    address: str
    at: datetime


class Count(NamedTuple):
    """Several of one person on one day, in the order in which every process writes them: none waits in a circle."""

    user_id: int
    day: date
    protocol: str
    method: str
    times: int
    last_at: datetime
    address: str  # of the last


def note(user_id: int, protocol: str, method: str, address: str, at: datetime) -> None:
    """Count one login at once. What sees thousands collects them in a Tally."""
    tally = Tally()
    tally.add(Success(user_id, protocol, method, address, at))
    for count in tally.take():
        COUNT.row(*count, count.user_id)


# As Dovecot calls what it lets people in to.
SERVICES = {"imap": "imap", "pop3": "pop3", "smtp": "smtp", "submission": "smtp", "sieve": "sieve"}


def note_token(username: str, service: str, remote: str) -> None:
    """A mail server has asked about a living token, for a login by `service` from `remote` (both as Dovecot says it).

    Who asks without a login, to try it out, names no service and counts nothing.
    """
    protocol, address = SERVICES.get(service), origins.parse(remote)
    owner = User.objects.filter(username=username).values_list("pk", flat=True).first()
    if protocol and owner is not None:
        note(owner, protocol, str(Method.TOKEN), str(address or ""), timezone.now())


class Tally:
    """Logins that are still to be written; filled by some threads, emptied by one. Lost with the process."""

    def __init__(self) -> None:
        self._new: SimpleQueue[Success] = SimpleQueue()
        self._counts: dict[tuple[int, date, str, str], Count] = {}

    def __bool__(self) -> bool:
        return bool(self._counts) or not self._new.empty()

    def add(self, success: Success) -> None:
        """Somebody waits for an answer: the counting is left to who empties it."""
        self._new.put(success)

    def take(self) -> list[Count]:
        """All of them; the tally is empty then."""
        for _ in range(self._new.qsize()):
            success = self._new.get()
            day, method = timezone.localdate(success.at), str(success.method)  # plain, as prepared statements take it
            self._put(Count(success.user_id, day, success.protocol, method, 1, success.at, success.address))
        counts, self._counts = self._counts, {}
        return sorted(counts.values())

    def put_back(self, counts: Iterable[Count]) -> None:
        """What could not be written is counted with what came since."""
        for count in counts:
            self._put(count)

    def _put(self, count: Count) -> None:
        key = count[:4]
        if before := self._counts.get(key):
            latest = max(before, count, key=lambda one: one.last_at)
            count = latest._replace(times=before.times + count.times)
        self._counts[key] = count


_INSERT = f"INSERT INTO {MailLogin._meta.db_table} AS known (user_id, day, protocol, method, count, last_at, address)"
# A person who was deleted meanwhile is passed over. The later address stays, whichever process writes first.
_IF_THERE = f"WHERE EXISTS (SELECT 1 FROM {User._meta.db_table} AS person WHERE person.id ="  # noqa: S608 (our own table)
_ADD = """ON CONFLICT (user_id, day, protocol, method) DO UPDATE SET
    count = known.count + excluded.count,
    address = CASE WHEN known.last_at > excluded.last_at THEN known.address ELSE excluded.address END,
    last_at = CASE WHEN known.last_at > excluded.last_at THEN known.last_at ELSE excluded.last_at END"""
COUNT = prepared.Statement(
    "mailkey_count_logins", f"{_INSERT} SELECT %s, %s, %s, %s, %s, %s, %s {_IF_THERE} %s) {_ADD}"
)
# The same for many, of PostgreSQL: written one by one, they cost it more than to let them in did.
COUNT_ALL = prepared.Statement(
    "mailkey_count_all_logins",
    f"""{_INSERT} SELECT * FROM unnest(
            %s::bigint[], %s::date[], %s::text[], %s::text[], %s::bigint[], %s::timestamptz[], %s::text[]
        ) AS new (user_id, day, protocol, method, count, last_at, address)
        {_IF_THERE} new.user_id) ORDER BY 1, 2, 3, 4 {_ADD}""",  # noqa: S608 (the same)
)


def write(counts: list[Count]) -> None:
    """Add all to what is counted already, whoever else does the same now, or none of them."""
    prepared.Many(COUNT_ALL, COUNT).write(counts, lambda count: (*count, count[0]))


def delete_expired() -> None:
    first = timezone.localdate(timezone.now() - settings.MAIL_LOGIN_LIFETIME) + timedelta(days=1)
    expired.delete(MailLogin.objects.filter(day__lt=first))
