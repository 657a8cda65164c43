"""New keys in the place of old ones, in .env, and what old ones are needed for yet.

Nothing says which of several keys a digest was made under, but when it was made: so a line of .env says since when the
first key is there.
"""

import os
import re
import secrets
import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.conf import settings
from django.utils import timezone

from accounts.factors import authenticators
from accounts.factors.models import RecoverySet
from accounts.lib import clock, macs
from accounts.log.models import SecurityEvent
from accounts.sealing import ring, rotation
from apppasswords.models import AppPassword
from portal.environment import dotenv
from portal.environment.kinds import PEM

RESTARTED_WITHIN = timedelta(days=1)  # of a new key: until then something may be made under the old one
SINCE = "# the first key of {} is there since {}"


class Failed(Exception):
    """Why, in a sentence."""


class Key(NamedTuple):
    next: str  # what else is to be done
    old_ones: str = ""  # the setting that keeps them; empty: none does
    kept: Callable[[datetime], dict[str, int]] = lambda _: {}  # what was made before then and hangs on an old one
    may_be_none: bool = False


def _of_factors(before: datetime) -> dict[str, int]:
    return {
        "authenticator apps (--reseal brings them over)": authenticators.under_old_keys(),
        "sets of recovery codes (their owners make new ones)": RecoverySet.objects.filter(
            created_at__lt=before
        ).count(),
    }


def _of_app_passwords(before: datetime) -> dict[str, int]:
    older = AppPassword.objects.filter(created_at__lt=before)
    return {"app passwords (their owners make new ones)": older.count()}


def _of_the_log(before: datetime) -> dict[str, int]:
    older = SecurityEvent.objects.filter(at__lt=before)
    return {f"events (deleted after {settings.EVENT_LIFETIME.days} days)": older.count()}


def _of_numbers(_before: datetime) -> dict[str, int]:
    return {"phone numbers and files (--reseal brings them over)": rotation.standing().left}


KEYS = {
    "SECRET_KEY": Key("people stay signed in; drop the old one after a day", "SECRET_KEY_FALLBACKS"),
    "SMS_CODE_KEY": Key("codes on their way, of the last five minutes, are void"),
    "APP_PASSWORD_KEYS": Key("app passwords go on", "APP_PASSWORD_KEYS", _of_app_passwords),
    "FACTOR_KEYS": Key("apps and recovery codes go on; then: manage.py keys --reseal", "FACTOR_KEYS", _of_factors),
    "EVENT_LOG_KEYS": Key("older events verify as before", "EVENT_LOG_KEYS", _of_the_log),
    "NUMBER_KEYS": Key(
        "then: manage.py keys --reseal, for the numbers that are there", "NUMBER_KEYS", _of_numbers, may_be_none=True
    ),
    "MAIL_AUTH_TOKEN": Key("mail servers need it too, at once: until then mail programs are told to try again later"),
    "STOLEN_HOOK_KEY": Key("whoever calls /hooks/stolen/ needs it too"),
    "OIDC_SIGNING_KEYS": Key("nobody is signed out; drop the old one after a day", "OIDC_SIGNING_KEYS"),
}


# In which algorithms they are used: accounts/lib/macs.py.
SAY_THEMSELVES = ("SMS_CODE_KEY", "APP_PASSWORD_KEYS", "FACTOR_KEYS", "EVENT_LOG_KEYS", "NUMBER_KEYS")


def renew(name: str) -> str:
    """A new first key. What else is to be done, in a sentence."""
    file, beside = File(name), KEYS[name].old_ones
    there = file.values()
    if not there and not (KEYS[name].may_be_none and not getattr(settings, name)):
        raise Failed(f"{name} stands neither in .env nor in a file that it names: change it where it is set.")
    if beside and beside != name:
        if any("\n" in value for value in there):
            raise Failed(f"{name} ends with a line break, which is a part of it, and {beside} cannot have one.")
        File(beside).put(*there, *File(beside).values())
    new = _signing_key() if name == "OIDC_SIGNING_KEYS" else _key(name)
    kept = [value for value in there if value != ring.PLAIN] if beside == name else []
    file.put(new, *kept)
    file.note(timezone.now())
    return KEYS[name].next


def drop(name: str) -> int:
    """All but the first, if nothing hangs on them. How many."""
    file = File(KEYS[name].old_ones or name)
    first = [] if file.name != name else file.values()[:1]
    old = file.values()[len(first) :]
    if left := needed(name):
        raise Failed("The old keys are needed for " + ", ".join(f"{count} {what}" for what, count in left.items()))
    file.put(*first)
    return len(old)


def needed(name: str) -> dict[str, int]:
    """What would be lost without the old keys."""
    since = File(name).since()
    if not old(name):
        return {}
    if since is None:
        raise Failed(f"Nothing says since when the first of {name} is there: it was not --renew that put it there.")
    if timezone.now() < since + RESTARTED_WITHIN:
        raise Failed(f"The first of {name} is there since {clock.moment(since)}: wait for a day.")
    return {what: count for what, count in KEYS[name].kept(since + RESTARTED_WITHIN).items() if count}


def old(name: str) -> int:
    """How many old keys there are."""
    beside = KEYS[name].old_ones
    return len(File(beside).values()) - (beside == name) if beside else 0


class File:
    """Where a setting is kept: a line of .env, or the file that .env names for it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._env = settings.BASE_DIR / ".env"
        entries = dotenv.read(self._env).entries
        self._value = entries[name].value if name in entries else ""
        self._own = Path(entries[f"{name}_FILE"].value) if f"{name}_FILE" in entries else None

    def values(self) -> list[str]:
        """Letter by letter: another line break makes other digests."""
        text = self._own.read_text() if self._own else self._value
        if self.name == "OIDC_SIGNING_KEYS":
            return [block[0] for block in PEM.finditer(text.replace("\\n", "\n"))]
        return [part for part in text.split(",") if part]

    def put(self, *values: str) -> None:
        is_pem = self.name == "OIDC_SIGNING_KEYS"
        value = "".join(f"{value}\n" for value in values) if is_pem else ",".join(values)
        if self._own:
            _write(self._own, value)
            return
        value = value.replace("\n", "\\n")
        line = f"{self.name}={value}" if value == value.strip(" \"'") else f"{self.name}='{value}'"
        changed, count = re.subn(rf"^(# *)?{self.name}=.*$", lambda _: line, self._text(), count=1, flags=re.MULTILINE)
        _write(self._env, changed if count else f"{self._text().rstrip()}\n{line}\n")

    def note(self, now: datetime) -> None:
        rest = re.sub(rf"^{re.escape(SINCE.format(self.name, ''))}.*\n", "", self._text(), flags=re.MULTILINE)
        _write(self._env, f"{rest.rstrip()}\n{SINCE.format(self.name, clock.iso(now.replace(microsecond=0)))}\n")

    def since(self) -> datetime | None:
        found = re.search(rf"^{re.escape(SINCE.format(self.name, ''))}(.+)$", self._text(), re.MULTILINE)
        return clock.parsed(found[1]) if found else None

    def _text(self) -> str:
        return self._env.read_text()


def _write(file: Path, text: str) -> None:
    """In its place, as its folder is not ours; what stood there lies beside the database meanwhile."""
    kept = settings.VAR / f"{file.name}.before"
    kept.touch(0o600)
    shutil.copyfile(file, kept)
    with file.open("r+") as there:
        there.write(text)
        there.truncate()
        there.flush()
        os.fsync(there.fileno())
    kept.unlink()


def _key(name: str) -> str:
    is_sm = settings.KEY_ALGORITHMS == "sm" and name in SAY_THEMSELVES
    return (macs.SM if is_sm else "") + secrets.token_urlsafe(50)


def _signing_key() -> str:
    made = rsa.generate_private_key(public_exponent=65537, key_size=3072)
    return made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode().strip()
