"""`manage.py check --deploy`: what starts all the same, and should not serve people."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import Error, Tags, Warning, register  # noqa: A004 (Django's own name)
from django.db import DatabaseError, connection

from accounts.sealing import ring
from portal import celery

ONLY_FOR_DEVELOPMENT = "only-for-development-"
KEYS = (
    "SECRET_KEY", "SMS_CODE_KEY", "APP_PASSWORD_KEYS", "FACTOR_KEYS", "EVENT_LOG_KEYS", "MAIL_AUTH_TOKEN",
    "NUMBER_KEYS",
)  # fmt: skip
FEWEST = 8  # different characters of a random text


@register(Tags.security, deploy=True)
def keys(**_: Any) -> list[Error]:
    """A key that everybody can read in the source, or guess."""
    found, seen = [], set()
    for name in KEYS:
        value = getattr(settings, name)
        for key in value if isinstance(value, list) else [value]:
            if key == ring.PLAIN:  # numbers in clear: a choice, and no key
                continue
            if key.startswith(ONLY_FOR_DEVELOPMENT):
                found.append(Error(f"{name} is the one of development, which is no secret.", id="portal.E001"))
            elif len(set(key)) < FEWEST:
                found.append(Error(f"{name} is no random text.", id="portal.E002"))
            if key in seen:
                found.append(Error(f"{name} is another setting's value too: each needs its own.", id="portal.E003"))
            seen.add(key)
    return found


@register(Tags.security, deploy=True)
def addresses(**_: Any) -> list[Error | Warning]:
    found: list[Error | Warning] = []
    if not settings.PUBLIC_URL.startswith("https://"):
        found.append(Error("PUBLIC_URL is no https address: passwords would travel readable.", id="portal.E004"))
    host = urlsplit(settings.PUBLIC_URL).hostname or ""
    if not f".{host}".endswith(f".{settings.PASSKEY_DOMAIN}"):
        found.append(Error(f"PASSKEY_DOMAIN is no domain that {host} is in: no passkey works.", id="portal.E007"))
    if settings.TRUSTED_PROXIES > 3:
        words = f"TRUSTED_PROXIES is {settings.TRUSTED_PROXIES}: with fewer in front anybody can claim any address."
        found.append(Warning(words, id="portal.W001"))
    if not settings.ADMINS:
        found.append(Warning("ADMINS is empty: nobody is told of errors.", id="portal.W002"))
    if not settings.SMS_OPERATOR:
        words = "SMS_OPERATOR is empty: people are not told by name who gets their phone numbers."
        found.append(Warning(words, id="portal.W003"))
    return found


@register(Tags.security)
def second_steps(**_: Any) -> list[Error]:
    """Settings that contradict each other: somebody would be led to a way that opens nothing, and be locked out."""
    found = [
        Error(f"{name} is empty: nobody could take the second step.", id="portal.E007")
        for name in ("SECOND_STEPS", "SECOND_STEPS_ALONE", "SECOND_STEPS_TO_BEGIN", "SECOND_STEPS_OF_STAFF")
        if not getattr(settings, name)
    ]
    for name, among in (
        ("SECOND_STEPS_ALONE", "SECOND_STEPS"),
        ("SECOND_STEPS_OF_STAFF", "SECOND_STEPS"),
        ("SECOND_STEPS_TO_BEGIN", "SECOND_STEPS"),
    ):
        odd = [way for way in getattr(settings, name) if way not in getattr(settings, among)]
        found += [Error(f"{name} names {way}, which is not in {among}.", id="portal.E008") for way in odd]
    return found


@register(deploy=True)
def servers(**_: Any) -> list[Error]:
    """Those without which nobody is served."""
    found = []
    try:
        connection.ensure_connection()
    except DatabaseError as error:
        said = str(error).strip().splitlines()[-1:] or [type(error).__name__]
        found.append(Error(f"DATABASE_URL: the database lets nobody in: {said[0]}", id="portal.E005"))
    if celery.waiting([]) is None:
        found.append(Error("CELERY_BROKER_URL: the broker does not answer.", id="portal.E006"))
    return found
