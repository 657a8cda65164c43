"""Steps of a page that come one after the other: what it remembers from one to the next."""

from django.conf import settings
from django.http import HttpRequest

from accounts.sessions.storage import lifetimes


def remember(request: HttpRequest, step: str, value: object) -> None:
    request.session[step] = {"value": value, "at": lifetimes.now()}


def recall(request: HttpRequest, step: str) -> object | None:
    """What was remembered, for as long as a half-way sign-in lives."""
    held = request.session.get(step)
    return held["value"] if isinstance(held, dict) and _lives(held["at"]) else None


def _lives(at: object) -> bool:
    return lifetimes.is_young(at, settings.HALFWAY_LIFETIME)


def drop(request: HttpRequest, *steps: str) -> None:
    for step in steps:
        request.session.pop(step, None)
