"""Trusted browsers: no code at sign-in, and nothing else. The cookie holds random
values, the database their digests."""

import re
import secrets
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts.browsers.models import TrustedBrowser
from accounts.lib import expired
from accounts.log import events
from accounts.log.models import SecurityEvent
from accounts.users.models import User
from accounts.users.ways import Device, Way

USERS_A_BROWSER = 5  # people who share one browser; the value of the one who came first is dropped


@dataclass(frozen=True)
class Look:
    """How a person recognises a browser in the list."""

    browser: str
    system: str
    address: str


def _values(cookie: str) -> list[str]:
    return [value for value in cookie[:1000].split(".") if re.fullmatch(r"[A-Za-z0-9_-]{43}", value)]


def _digest(value: str) -> str:
    """Keyed with SECRET_KEY: a new key forgets every browser."""
    return salted_hmac("accounts.browsers", value, algorithm="sha256").hexdigest()


def live(user: Any, now: Any = None) -> QuerySet[TrustedBrowser]:
    return _valid(TrustedBrowser.objects.filter(user=user), now)


def _valid(rows: QuerySet[TrustedBrowser], now: Any = None) -> QuerySet[TrustedBrowser]:
    return rows.filter(expires_at__gt=now or timezone.now(), ways_version=F("user__ways_version"))


def trust(device: Device, cookie: str, look: Look) -> tuple[TrustedBrowser, str] | None:
    """The row, and what the cookie must hold from now on. The value is always fresh: nobody can plant one. None: what
    ends trust came after the account was read.

    `device`: by which somebody has just taken the second step here.
    """
    value = secrets.token_urlsafe(32)
    with transaction.atomic():
        device.user.hold()
        if not _is_as_read(device.user):
            return None
        browser = _create(device, _digest(value), look)
        events.record(events.Kind.BROWSER_TRUSTED, device.user, address=look.address, browser=str(browser))
    return browser, ".".join([*_still_trusted(cookie), value][-USERS_A_BROWSER:])


def _is_as_read(user: User) -> bool:
    """With the same password, and no sessions ended since."""
    return User.objects.filter(pk=user.pk, password=user.password, sessions_ended=user.sessions_ended).exists()


def _create(device: Device, digest: str, look: Look) -> TrustedBrowser:
    now, user = timezone.now(), device.user
    return TrustedBrowser.objects.create(
        user=user,
        phone_id=device.pk if device.way is Way.PHONE else None,
        ways_version=user.ways_version,
        digest=digest,
        browser=look.browser,
        system=look.system,
        address=look.address,
        created_at=now,
        seen_at=now,
        expires_at=now + settings.TRUSTED_BROWSER_LIFETIME,
    )


def _still_trusted(cookie: str) -> list[str]:
    """The values of other people: what is forgotten takes no place from them."""
    values = {_digest(value): value for value in _values(cookie)}
    live = _valid(TrustedBrowser.objects.filter(digest__in=values))
    return [values[digest] for digest in live.order_by("created_at").values_list("digest", flat=True)]


def find(user: User, cookie: str) -> TrustedBrowser | None:
    digests = [_digest(value) for value in _values(cookie)]
    return live(user).filter(digest__in=digests).first() if digests else None


def recognise(user: User, cookie: str, address: str) -> TrustedBrowser | None:
    """The trusted browser that somebody signs in with."""
    browser = find(user, cookie)
    if browser:
        TrustedBrowser.objects.filter(pk=browser.pk).update(seen_at=timezone.now(), address=address)
    return browser


def is_trusted(user: User, pk: int) -> bool:
    """Whether the browser that a session was opened in is still trusted."""
    return live(user).filter(pk=pk).exists()


def forget(user: User, pk: int, *, address: str = "") -> SecurityEvent | None:
    """None if this person has no such browser."""
    return _forget(user, TrustedBrowser.objects.filter(user=user, pk=pk), address=address)


def forget_all(user: User, *, actor: User | None = None, address: str = "", reason: str = "") -> SecurityEvent | None:
    """What the log says of it; None if there was none."""
    return _forget(user, TrustedBrowser.objects.filter(user=user), actor=actor, address=address, reason=reason)


def forget_all_of(*users: User, actor: User | None = None, address: str = "", reason: str = "") -> None:
    """Of many people; the log says it of each who had one."""
    rows = TrustedBrowser.objects.filter(user__in=users)
    names: dict[int, list[str]] = {}
    for browser in rows:
        names.setdefault(browser.user_id, []).append(str(browser))
    rows.delete()
    gone = [(user, {"browsers": names[user.pk], **events.because(reason)}) for user in users if user.pk in names]
    if gone:
        events.record_each(events.Kind.BROWSERS_FORGOTTEN, gone, actor=actor, address=address)


def _forget(
    user: User, rows: QuerySet[TrustedBrowser], *, actor: User | None = None, address: str = "", reason: str = ""
) -> SecurityEvent | None:
    names = [str(browser) for browser in rows]
    count, _ = rows.delete()
    if not count:
        return None
    return events.record(
        events.Kind.BROWSERS_FORGOTTEN,
        user,
        actor=actor,
        address=address,
        browsers=names,
        **events.because(reason),
    )


def delete_expired() -> None:
    expired.delete(TrustedBrowser.objects.filter(expires_at__lt=timezone.now()))
