"""What the security log says, as tests look it up."""

from accounts.log.models import SecurityEvent


def event(kind: str) -> SecurityEvent:
    """The only one of its kind."""
    found: SecurityEvent = SecurityEvent.objects.get(kind=kind)
    return found


def last(kind: str) -> SecurityEvent:
    """The newest of its kind."""
    event = SecurityEvent.objects.filter(kind=kind).first()
    assert event
    return event
