"""Development: SMS go to a file, which /outbox/ shows."""

import json
import os
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.utils import timezone

from accounts.delivery.gateways.gateway import Finding
from accounts.delivery.gateways.message import Message
from accounts.lib import clock

has_own_template = False


def send(message: Message) -> str:
    line = {
        "to": message.number,
        "text": message.text(),
        "code": message.code,
        "sent_at": clock.iso(timezone.now()),
    }
    settings.SMS_OUTBOX.parent.mkdir(parents=True, exist_ok=True)
    with settings.SMS_OUTBOX.open("a", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(json.dumps(line, ensure_ascii=False) + "\n")
    return f"outbox-{message.attempt}"


def read(limit: int = 50) -> list[dict[str, Any]]:
    """The last messages, the newest first."""
    if not settings.SMS_OUTBOX.exists():
        return []
    lines = settings.SMS_OUTBOX.read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in reversed(lines[-limit:])]


def check() -> Iterator[Finding]:
    """There is nothing to ask."""
    yield from ()
