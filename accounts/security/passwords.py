"""The mailbox password, where this portal owns it, or may change it in the directory."""

from collections.abc import Sequence
from datetime import datetime
from enum import Enum, auto
from typing import NamedTuple

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils.crypto import get_random_string, salted_hmac

from accounts.bans import attempts, brake
from accounts.bans.failures import Tries
from accounts.codes import limits
from accounts.delivery import notices
from accounts.directory import passwords as directory_passwords
from accounts.log import events
from accounts.sessions import endings
from accounts.sessions.endings import Occasion
from accounts.signin import signin
from accounts.users.keeper import CannotTell
from accounts.users.models import User


class Outcome(Enum):
    CHANGED = auto()
    WRONG = auto()
    BANNED = auto()
    REFUSED = auto()  # the new one, by the directory
    CANNOT_TELL = auto()


class Changed(NamedTuple):
    """Or why not."""

    outcome: Outcome
    until: datetime | None = None  # of a ban
    tries: Tries | None = None  # if the old one was wrong


def change(user: User, old: str, new: str, *, address: str) -> Changed:
    """Needs the old password, whose failures count as at sign-in. Other sessions and trusted browsers end with it."""
    attempt = attempts.enter(user.username, old, address=address, channel=signin.CHANNEL, trusts=lambda _owner: True)
    if attempt.outcome is attempts.Outcome.BANNED:
        return Changed(Outcome.BANNED, until=attempt.until)
    if attempt.outcome in (attempts.Outcome.CANNOT_TELL, attempts.Outcome.MUST_CHANGE):
        return Changed(Outcome.CANNOT_TELL)
    if attempt.user != user:
        return Changed(Outcome.WRONG, tries=attempt.tries)
    if directory_passwords.are_kept_of(user):
        return _change_there(user, old, new, address=address)
    compared, hashed = attempt.user.password, make_password(new)
    with transaction.atomic():
        # Unless the office has ended that password meanwhile.
        same = User.objects.filter(pk=user.pk, password=compared)
        if not same.update(password=hashed, must_change_password=False):
            return Changed(Outcome.WRONG)
        user.password, user.must_change_password = hashed, False
        end_what_it_opened(user, address=address)
    return Changed(Outcome.CHANGED)


def _change_there(user: User, old: str, new: str, *, address: str) -> Changed:
    try:
        if not directory_passwords.change(user, old, new):
            return Changed(Outcome.REFUSED)
    except CannotTell:
        return Changed(Outcome.CANNOT_TELL)
    with transaction.atomic():
        user.end_sessions()  # no hash of ours changes, by which they would end
        end_what_it_opened(user, address=address)
    return Changed(Outcome.CHANGED)


STARTING_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nobody takes one of them for another


def version_of(user: User) -> str:
    """Tells one password of a person from the next, and nothing about it: what a clerk's page was showing."""
    return salted_hmac("accounts.passwords.version", user.password, algorithm="sha256").hexdigest()[:16]


def set_starting(user: User, version: str, *, actor: User, address: str = "", reason: str = "") -> str | None:
    """A password that its owner must change at the next sign-in. It is returned here and never again.

    None if the password is no longer the one that the clerk's page was made for: another clerk was faster.
    """
    return set_starting_of_many([(user, version)], actor=actor, address=address, reason=reason).get(user.pk)


def set_starting_of_many(
    wanted: Sequence[tuple[User, str]], *, actor: User, address: str = "", reason: str = ""
) -> dict[int, str]:
    """By their keys; who is not among them has another password by now. All are set, or none."""
    fresh = sorted((user for user, version in wanted if version_of(user) == version), key=lambda user: user.pk)
    new = {user.pk: "-".join(get_random_string(4, STARTING_ALPHABET) for _ in range(3)) for user in fresh}
    # Takes its time, so before a row is held.
    hashed = {pk: make_password(secret) for pk, secret in new.items()}
    with transaction.atomic():
        User.objects.hold(*new)
        for user in fresh:
            same = User.objects.filter(pk=user.pk, password=user.password)
            if same.update(password=hashed[user.pk], must_change_password=True):
                user.password, user.must_change_password = hashed[user.pk], True
            else:
                del new[user.pk]
        given = [user for user in fresh if user.pk in new]
        end_what_it_opened(*given, actor=actor, address=address, reason=reason)
    return new


def withdraw(user: User) -> bool:
    """No password opens the account until the office sets one. False: the passwords are not ours."""
    if settings.PASSWORDS_IN_DIRECTORY:
        return False
    User.objects.filter(pk=user.pk).update(password=make_password(None), must_change_password=True)
    brake.release(user)  # what was guessed at is gone
    return True


def end_what_it_opened(*users: User, actor: User | None = None, address: str = "", reason: str = "") -> None:
    """After a new password. `actor` is the clerk who set it."""
    for user in users:
        brake.release(user)  # what was guessed at is gone
        limits.start_afresh(user, by_office=actor is not None)
    endings.end(Occasion.NEW_PASSWORD, *users, actor=actor, address=address, reason=reason)
    for user in users:
        why = events.because(reason)
        notices.by_mail(user, events.record(events.Kind.PASSWORD_CHANGED, user, actor=actor, address=address, **why))
