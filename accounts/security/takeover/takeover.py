"""Password hashes of the mail server that is replaced: who has no password here goes on with the one from there."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db import transaction

from accounts.lib.batches import batches
from accounts.log import events
from accounts.security.takeover.oldserver import Row
from accounts.users import foreign_hashes, libcrypt, usernames
from accounts.users.foreign_hashers import Crypt
from accounts.users.models import User

REASON = "manage.py takeover"
FLAGS = ("must_change_password", "is_shared")  # of who gets none


class Outcome(NamedTuple):
    taken: int
    unknown: int  # nobody of that address here
    kept: int  # who has a password of this system, or may have none; that stays
    wrong: list[str]  # which rows, and why; nothing of a hash


def take(rows: Iterable[Row], *, write: bool, each: Callable[[int, int], None] = lambda done, of: None) -> Outcome:
    """Without `write` it is only told what would be. An account that was set up or locked here is left alone as soon
    as it has a password, or must choose one. `each` is told how many are done."""
    hashes, wrong = _read(rows)
    taken, known, done = 0, 0, 0
    for batch in batches(sorted(hashes)):
        people = list(User.objects.filter(username__in=batch).only("username", "password", *FLAGS))
        known += len(people)
        free = [user for user in people if _is_free(user)]
        taken += len(_write(free, hashes) if write else free)
        done += len(batch)
        each(done, len(hashes))
    return Outcome(taken, len(hashes) - known, known - taken, wrong)


def _read(rows: Iterable[Row]) -> tuple[dict[str, str], list[str]]:
    hashes: dict[str, str] = {}
    wrong = []
    for row in rows:
        name = usernames.canonical(row.address)
        try:
            if name is None:
                raise foreign_hashes.Malformed("not a mailbox address")
            if name in hashes:
                raise foreign_hashes.Malformed("the same address again")
            hashes[name] = foreign_hashes.read(row.hash)
            if hashes[name].startswith(f"{Crypt.algorithm}$"):
                libcrypt.check()
        except (foreign_hashes.Malformed, libcrypt.Missing) as error:
            wrong.append(f"{row.number}{f' ({name})' if name else ''}: {error}")
    return hashes, wrong


def _is_free(user: User) -> bool:
    """One that was locked after a theft must choose a new password: the old one is the thief's. A department mailbox
    has none: whoever has ever worked there knows the old one."""
    return not user.has_usable_password() and not any(getattr(user, flag) for flag in FLAGS)


def _write(people: list[User], hashes: dict[str, str]) -> list[User]:
    with transaction.atomic():
        User.objects.hold(*[user.pk for user in people])
        free = User.objects.filter(password__startswith=UNUSABLE_PASSWORD_PREFIX, **dict.fromkeys(FLAGS, False))
        done = [user for user in people if free.filter(pk=user.pk).update(password=hashes[user.username])]
        events.record_many(events.Kind.PASSWORD_CHANGED, done, reason=REASON)
    return done
