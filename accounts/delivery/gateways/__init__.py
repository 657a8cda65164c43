"""The only place that talks to SMS gateways. The settings say which there are; each is a module of that name."""

from importlib import import_module
from typing import cast

from django.conf import settings

from accounts.delivery.gateways.gateway import Gateway
from accounts.delivery.gateways.message import Message


def configured() -> tuple[str, ...]:
    """All that the settings name, the default first."""
    return tuple(dict.fromkeys([settings.SMS_GATEWAY, *settings.SMS_GATEWAYS]))


def gateway(name: str) -> Gateway:
    if name not in configured():
        raise LookupError(f"The settings name no gateway {name!r}.")
    return cast(Gateway, import_module(f"accounts.delivery.gateways.{name}"))


def send(message: Message, name: str) -> str:
    """The gateway's own number for the message, or one of the errors in accounts/delivery/errors.py."""
    return gateway(name).send(message)
