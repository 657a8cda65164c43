"""The only place that talks to SMS gateways: one function, the gateway chosen by `SMS_GATEWAY`."""

from importlib import import_module

from django.conf import settings

from accounts.delivery.gateways.message import Message


def send(message: Message) -> str:
    """The gateway's own number for the message, or one of the errors in accounts/delivery/errors.py."""
    gateway_id: str = import_module(f"accounts.delivery.gateways.{settings.SMS_GATEWAY}").send(message)
    return gateway_id
