"""Password hashes of the mail server that is replaced: who has no password here goes on with the one from there."""

from collections.abc import Iterable
from typing import NamedTuple

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db import transaction

from accounts.lib.batches import batches
from accounts.log import events
from accounts.users import foreign_hashes, libcrypt, usernames
from accounts.users.foreign_hashers import Crypt
from accounts.users.models import User

REASON = "manage.py takeover"


class Line(NamedTuple):
    number: int
    address: str
    hash: str


class Outcome(NamedTuple):
    taken: int
    unknown: int  # nobody of that address here
    kept: int  # who has a password of this system; it stays
    wrong: list[str]  # which lines, and why; nothing of a hash


def take(lines: Iterable[Line], *, write: bool) -> Outcome:
    """Without `write` it is only told what would be. An account that was set up or locked here is left alone as soon
    as it has a password, or must choose one."""
    hashes, wrong = _read(lines)
    taken, known = 0, 0
    for batch in batches(sorted(hashes)):
        people = list(User.objects.filter(username__in=batch).only("username", "password", "must_change_password"))
        known += len(people)
        free = [user for user in people if _is_free(user)]
        taken += len(_write(free, hashes) if write else free)
    return Outcome(taken, len(hashes) - known, known - taken, wrong)


def _read(lines: Iterable[Line]) -> tuple[dict[str, str], list[str]]:
    hashes: dict[str, str] = {}
    wrong = []
    for line in lines:
        name = usernames.canonical(line.address)
        try:
            if name is None:
                raise foreign_hashes.Malformed("not a mailbox address")
            if name in hashes:
                raise foreign_hashes.Malformed("the same address again")
            hashes[name] = foreign_hashes.read(line.hash)
            if hashes[name].startswith(f"{Crypt.algorithm}$"):
                libcrypt.check()
        except (foreign_hashes.Malformed, libcrypt.Missing) as error:
            wrong.append(f"{line.number}: {error}")
    return hashes, wrong


def _is_free(user: User) -> bool:
    """One that was locked after a theft must choose a new password: the old one is the thief's."""
    return not user.has_usable_password() and not user.must_change_password


def _write(people: list[User], hashes: dict[str, str]) -> list[User]:
    with transaction.atomic():
        User.objects.hold(*[user.pk for user in people])
        free = User.objects.filter(password__startswith=UNUSABLE_PASSWORD_PREFIX, must_change_password=False)
        done = [user for user in people if free.filter(pk=user.pk).update(password=hashes[user.username])]
        events.record_many(events.Kind.PASSWORD_CHANGED, done, reason=REASON)
    return done
