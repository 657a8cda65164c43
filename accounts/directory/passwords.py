"""Whether a mailbox password is right, where a directory keeps them.

What is asked there counts there: a wrong password too many locks the account for everything. So a comparison is claimed
before it is made, and of one account no more than LDAP_WRONG_LIMIT wrong ones are asked within LDAP_WRONG_WITHIN.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Lock

from django.conf import settings
from django.utils import timezone

from accounts.directory import memory
from accounts.directory.asking import questions
from accounts.directory.asking.answers import Answer, Away
from accounts.directory.models import Asked
from accounts.lib import deadlines, expired
from accounts.lib.allowances import Allowance
from accounts.users.keeper import Asker, CannotTell, MustAsk, MustChange
from accounts.users.models import User

COMPARISONS = Allowance(Asked)
LIKE_A_PASSWORD = re.compile(r"(?=.*[0-9])(?=.*[A-Za-z])[!-~]{8,}")

_turns = [Lock() for _ in range(64)]


def is_right(user: User, password: str, asker: Asker) -> bool:
    """Raises what accounts/users/keeper.py has."""
    match asker:
        case Asker.SIGN_IN:
            return _ask(user, password)
        case Asker.ASIDE:
            return _is_right_aside(user, password)
    known = memory.recall(user, password)
    if known is None and asker is Asker.MAIL_LOGIN_KNOWN:
        raise MustAsk
    return _ask_once(user, password) if known is None else known


def _ask_once(user: User, password: str) -> bool:
    """A mail program opens several connections at once: what the first one was told serves the others."""
    with _turn(user):
        known = memory.recall(user, password)
        return _ask(user, password) if known is None else known


@contextmanager
def _turn(user: User) -> Iterator[None]:
    lock = _turns[user.pk % len(_turns)]
    if not lock.acquire(timeout=deadlines.seconds_left(settings.LDAP_ANSWER_WITHIN)):
        raise CannotTell
    try:
        yield
    finally:
        lock.release()


def _is_right_aside(user: User, password: str) -> bool:
    known = memory.recall(user, password)
    if known is not None or not LIKE_A_PASSWORD.fullmatch(password):
        return bool(known)
    try:
        return _ask(user, password)
    except CannotTell:
        return False
    except MustChange:
        return True


def _ask(user: User, password: str) -> bool:
    if COMPARISONS.claim(user.pk, *_limit()) is None:
        raise CannotTell(asked_no_more_until(user))
    try:
        answer = questions.compare(user.username, password)
    except Away:
        COMPARISONS.give_back(user.pk)
        raise CannotTell from None
    return _take(user, password, answer)


def _limit() -> tuple[int, timedelta]:
    return settings.LDAP_WRONG_LIMIT, settings.LDAP_WRONG_WITHIN


def asked_no_more_until(user: User) -> datetime | None:
    return COMPARISONS.spent_until(user.pk, *_limit())


def _take(user: User, password: str, answer: Answer) -> bool:
    match answer:
        case Answer.RIGHT:
            Asked.objects.filter(user=user).delete()  # the directory begins to count anew, too
            memory.note_right(user, password)
            return True
        case Answer.MUST_CHANGE:
            Asked.objects.filter(user=user).delete()
            memory.forget_right(user)
            raise MustChange
        case Answer.LOCKED:
            COMPARISONS.give_back(user.pk)
            memory.forget_right(user)
            raise CannotTell
        case Answer.DISABLED | Answer.NOBODY:
            memory.forget_right(user)
    memory.note_wrong(user, password)
    return False


def are_kept_of(user: User) -> bool:
    """A superuser with a password of Mailkey's own has no other: the office gets in while the directory is away."""
    return bool(settings.LDAP_URLS) and not (user.is_superuser and user.has_usable_password())


def change(user: User, old: str, new: str) -> bool:
    """`old` is known to be right. False: the directory does not take the new one. Raises CannotTell."""
    try:
        is_taken = questions.change(user.username, old, new)
    except Away:
        raise CannotTell from None
    if is_taken:
        memory.forget(user)
    return is_taken


def pretend(address: str) -> None:
    """For an account that there is not: it takes its time, and there is no answer when there is none for anybody."""
    try:
        questions.look_up(address)
    except Away:
        raise CannotTell from None


def delete_expired() -> None:
    memory.delete_expired()
    expired.delete(Asked.objects.filter(began_at__lte=timezone.now() - settings.LDAP_WRONG_WITHIN))
