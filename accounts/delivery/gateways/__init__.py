"""The only place that talks to SMS gateways. The settings say which there are; each is a module of that name, or a
platform that a file describes.
"""

from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from typing import Any, cast

from django.conf import settings

from accounts.delivery.gateways.gateway import Gateway
from accounts.delivery.gateways.message import Message
from accounts.delivery.gateways.receipts import Asked, Reporting

LONGEST_ID = 64  # characters of a column


def configured() -> tuple[str, ...]:
    """All that the settings name, the default first."""
    return tuple(dict.fromkeys([settings.SMS_GATEWAY, *settings.SMS_GATEWAYS]))


def gateway(name: str) -> Gateway:
    if name not in configured():
        raise LookupError(f"The settings name no gateway {name!r}.")
    if name in settings.SMS_PLATFORMS:
        return _platform(name)
    return cast(Gateway, import_module(f"accounts.delivery.gateways.{name}"))


def load() -> None:
    """All of them, with what a first SMS would load. Where a library is missing, that SMS says so."""
    for name in configured():
        with suppress(ImportError):
            found = gateway(name)
            if hasattr(found, "load"):
                found.load()


_platforms: dict[str, Any] = {}  # one a process: its connections and its token are used again


def _platform(name: str) -> Gateway:
    described = settings.SMS_PLATFORMS[name]
    if name not in _platforms or _platforms[name].platform is not described:
        _platforms[name] = import_module(f"{__name__}.platforms.platform").Gateway(described)
    return cast(Gateway, _platforms[name])


def carries(name: str, purpose: str) -> bool:
    """Some are for a few kinds of SMS only; and a kind that came later may have no template yet."""
    described = settings.SMS_PLATFORMS.get(name)
    if described is None:
        approved = getattr(settings, f"{name.upper()}_TEMPLATES", None)
        return approved is None or purpose != "notice_way" or bool({purpose, "notices"} & approved.keys())
    return not described.purposes or purpose in described.purposes


def are_able(purpose: str) -> bool:
    """Whether one of them carries this kind of SMS."""
    return any(carries(name, purpose) for name in configured())


def reaches(name: str, mailbox: Callable[[], str]) -> bool:
    """Some know people by an account of their own, and not everybody has one."""
    described = settings.SMS_PLATFORMS.get(name)
    return described is None or described.accounts is None or bool(described.accounts.of(mailbox()))


def reporting(name: str) -> Reporting | None:
    """The gateway, if it is one that reports."""
    found = gateway(name)
    return cast(Reporting, found) if hasattr(found, "receipts") else None


def asked(name: str) -> Asked | None:
    """The gateway, if it tells when it is asked."""
    found = gateway(name)
    return cast(Asked, found) if hasattr(found, "ask") else None


def send(message: Message, name: str) -> str:
    """The gateway's own number for the message, or one of the errors in accounts/delivery/errors.py."""
    return gateway(name).send(message)[:LONGEST_ID]
