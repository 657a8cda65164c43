"""The mailbox password, where this portal owns it."""

from datetime import datetime
from enum import Enum, auto

from django.contrib.auth.password_validation import MinimumLengthValidator
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import bans, browsers, codes, events, notices, signin
from accounts.models import User


class MinimumLength(MinimumLengthValidator):
    """Django's own, whose words are not translated into Chinese."""

    def get_error_message(self) -> str:
        return _("This password is too short: %(least)s characters at least.") % {"least": self.min_length}


class Outcome(Enum):
    CHANGED = auto()
    WRONG = auto()
    BANNED = auto()


def change(user: User, old: str, new: str, *, address: str) -> tuple[Outcome, datetime | None]:
    """Needs the old password, whose failures count as at sign-in. Other sessions and trusted browsers end with it."""
    if until := bans.banned_until(address, user.username):
        return Outcome.BANNED, until
    if signin.check_password(user.username, old) != user:
        until = bans.note_failure(address, user.username, old, signin.CHANNEL).banned_until
        events.record(events.Kind.REFUSED, user, address=address, channel=signin.CHANNEL)
        return (Outcome.BANNED if until else Outcome.WRONG), until
    if until := bans.banned_until(
        address, user.username
    ):  # guesses that came at once were all compared before one counted
        return Outcome.BANNED, until
    with transaction.atomic():
        user.set_password(new)
        user.must_change_password = False
        user.save(update_fields=["password", "must_change_password"])
        end_what_it_opened(user, address=address)
    return Outcome.CHANGED, None


def end_what_it_opened(user: User, *, actor: User | None = None, address: str = "") -> None:
    """After a new password. Sessions end by themselves; `actor` is the clerk who set it."""
    codes.void(user)
    browsers.forget_all(user, actor=actor, address=address)
    event = events.record(events.Kind.PASSWORD_CHANGED, user, actor=actor, address=address)
    notices.by_mail(user, event)
