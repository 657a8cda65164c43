"""The kinds of details that an event has: what may be recorded as one, and how it is said."""

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.lib import clock, ways_in

Words = Mapping[str, Promise | str]

METHODS: Words = {
    "code": gettext_lazy("with a code"),
    "trusted browser": gettext_lazy("trusted browser"),
    "password": gettext_lazy("password only"),
    "elsewhere": gettext_lazy("both steps by the institution’s service"),
    "app": gettext_lazy("authenticator app"),
    "passkey": gettext_lazy("passkey"),
    "recovery code": gettext_lazy("recovery code"),
}
# By what the second step is taken. Again a test compares these with the table's.
WAYS: Words = {
    "phone": gettext_lazy("Code by SMS"),
    "app": gettext_lazy("Authenticator app"),
    "passkey": gettext_lazy("Passkey"),
    "recovery": gettext_lazy("Recovery code"),
}
# What a code is for. The log knows no table of codes: a test compares these with theirs.
PURPOSES: Words = {
    "sign_in": gettext_lazy("sign in"),
    "bind": gettext_lazy("bind a phone"),
    "change": gettext_lazy("change the phone: old number"),
    "change_new": gettext_lazy("change the phone: new number"),
    "unbind": gettext_lazy("unbind the phone"),
    "confirm": gettext_lazy("confirm it is you"),
    "help_code": gettext_lazy("help-desk code"),
    "app": gettext_lazy("authenticator app"),
    "recovery": gettext_lazy("recovery code"),
    "passkey": gettext_lazy("passkey"),
    "test": gettext_lazy("test by the office"),
    "notice_changed": gettext_lazy("notice: phone changed"),
    "notice_unbound": gettext_lazy("notice: phone unbound"),
    "notice_help": gettext_lazy("notice: help-desk code given"),
    "notice_way": gettext_lazy("notice: way to verify added or removed"),
    "notice_stolen": gettext_lazy("notice: account locked against misuse"),
}
# Why the clock disables an account; compared with the table's.
CLOSURES: Words = {
    "left": gettext_lazy("by its last day"),
    "dormant": gettext_lazy("not used for long"),
}
# What of an app password that is right does not allow a login. Again a test compares these.
LIMITS: Words = {
    "use": gettext_lazy("it may not be used for that"),
    "network": gettext_lazy("it may not be used from there"),
    "ended": gettext_lazy("it has ended"),
    "unused": gettext_lazy("it has ended, as it was not used for long"),
}
# Those that an office makes have one name.
ROLES: Words = {
    "help desk": gettext_lazy("help desk"),
    "two-step manager": gettext_lazy("two-step manager"),
    "auditor": gettext_lazy("auditor"),
    "administrator": gettext_lazy("administrator"),
}


class WrongDetail(TypeError):
    """A broken rule: somebody records what the table of events does not know."""


class Detail(ABC):
    """What is stored is JSON. `say` and `read` take what is stored, by older versions too, and may find it odd:
    ValueError, TypeError, KeyError."""

    def store(self, value: Any) -> Any:
        if not self.fits(value):
            raise WrongDetail(f"{type(self).__name__} was given {type(value).__name__}")  # not the value, for the log's
        return self.plain(value)

    @abstractmethod
    def fits(self, value: Any) -> bool: ...

    def plain(self, value: Any) -> Any:
        return value

    def say(self, stored: Any) -> str:
        return str(stored)

    def read(self, stored: Any) -> Any:
        """For a template."""
        return stored


class Text(Detail):
    def fits(self, value: Any) -> bool:
        return isinstance(value, str)

    def plain(self, value: Any) -> str:
        return str(value)


class Masked(Text):
    """A phone number, never a whole one."""

    def fits(self, value: Any) -> bool:
        return isinstance(value, str) and "*" in value and not re.search(r"\d{5}", value)


class OneOf(Text):
    """A code of ours, said in words."""

    def __init__(self, words: Words) -> None:
        self.words = words

    def fits(self, value: Any) -> bool:
        return isinstance(value, str) and value in self.words

    def say(self, stored: Any) -> str:
        return str(self.words[stored])


class SaidOneOf(OneOf):
    """In mails too."""

    def read(self, stored: Any) -> str:
        return self.say(stored)


class Role(Text):
    def say(self, stored: Any) -> str:
        return str(ROLES.get(stored, stored))


class Count(Detail):
    """Or the key of a row."""

    def fits(self, value: Any) -> bool:
        return isinstance(value, int) and not isinstance(value, bool)


class YesNo(Detail):
    def fits(self, value: Any) -> bool:
        return isinstance(value, bool)


class Moment(Detail):
    """Given as a datetime, stored with its zone; at midnight only the day is said."""

    def fits(self, value: Any) -> bool:
        return isinstance(value, datetime) and timezone.is_aware(value)

    def plain(self, value: datetime) -> str:
        return clock.iso(value)

    def read(self, stored: Any) -> datetime:
        moment = clock.parsed(stored)
        return timezone.localtime(moment) if timezone.is_aware(moment) else timezone.make_aware(moment)

    def say(self, stored: Any) -> str:
        return clock.start(self.read(stored))


class Names(Detail):
    def fits(self, value: Any) -> bool:
        return isinstance(value, list | tuple) and all(isinstance(name, str) for name in value)

    def plain(self, value: Any) -> list[str]:
        return [str(name) for name in value]

    def say(self, stored: Any) -> str:
        return stored if isinstance(stored, str) else "、".join(map(str, stored))

    def read(self, stored: Any) -> str:
        return self.say(stored)


class Values(Detail):
    """Names with what they stand for; for programs, and never said."""

    def fits(self, value: Any) -> bool:
        try:
            return isinstance(value, dict) and bool(json.dumps(value))
        except TypeError:
            return False


class Field(Text):
    """What a field of an account was set to, as a text."""

    def __init__(self, name: str) -> None:
        self.name = name

    def say(self, stored: Any) -> str:
        label = getattr(get_user_model()._meta.get_field(self.name), "verbose_name", self.name)
        words = {"True": _("yes"), "False": _("no"), "None": "—", "": "—"}
        return f"{label}: {words.get(str(stored), stored)}"


TEXT, NAMES, COUNT, YES_NO, MOMENT, VALUES = Text(), Names(), Count(), YesNo(), Moment(), Values()
METHOD, PURPOSE, CHANNEL, WAY = OneOf(METHODS), OneOf(PURPOSES), OneOf(ways_in.NAMES), SaidOneOf(WAYS)
LIMIT = OneOf(LIMITS)
CLOSURE = OneOf(CLOSURES)
MASKED, ROLE, KEY, REASON = Masked(), Role(), COUNT, TEXT
