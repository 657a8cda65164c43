"""Gateways that do as a test says. They have the names of three that the settings know; none of those is called."""

from collections import defaultdict
from dataclasses import dataclass, field

import pytest
from pytest_django import Settings

from accounts.delivery.gateways import memory
from accounts.delivery.gateways.message import Message

A, B, C = NAMES = ("twilio", "outbox", "memory")


@dataclass
class Gateways:
    """By name: what is raised by the next sends."""

    errors: dict[str, list[Exception]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)  # in this order
    sent: dict[str, list[Message]] = field(default_factory=lambda: defaultdict(list))

    def fail(self, name: str, *errors: Exception, for_good: bool = False) -> None:
        self.errors[name] = [*errors, *([errors[-1]] * 1000 if for_good else [])]

    def mend(self, name: str) -> None:
        self.errors.pop(name, None)

    def send(self, message: Message, name: str) -> str:
        self.asked.append(name)
        if self.errors.get(name):
            raise self.errors[name].pop(0)
        self.sent[name].append(message)
        memory.send(message)
        return f"{name}-{message.attempt}"


def three(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Gateways:
    """A is asked before B, B before C."""
    settings.SMS_GATEWAY, settings.SMS_GATEWAYS = A, list(NAMES)
    gateways = Gateways()
    monkeypatch.setattr("accounts.delivery.gateways.send", gateways.send)
    return gateways


class UnsteadyGateway:
    """Fails as told, then works."""

    def __init__(self) -> None:
        self.errors: list[Exception] = []
        self.asked = 0

    def send(self, message: Message, name: str) -> str:
        self.asked += 1
        if self.errors:
            raise self.errors.pop(0)
        return memory.send(message)
