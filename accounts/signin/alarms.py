"""Owners are told of what no page of theirs shows in time. By the worker: what notices it
writes no mails."""

from accounts.bans import brake
from accounts.delivery import notices
from accounts.log.kinds import Kind
from accounts.log.models import SecurityEvent


def tell_owners() -> None:
    for owner in brake.to_tell():
        if event := SecurityEvent.objects.filter(user=owner, kind=Kind.GUESSED).first():
            notices.by_mail(owner, event)
