"""What `manage.py check` and every other command say before they begin."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.core.checks import CheckMessage, Error, Warning  # noqa: A004 (Django's own name)
from django.utils import timezone

from accounts.lib import clock
from apppasswords.setup import profiles

TOLD_BEFORE = timedelta(days=30)  # that a certificate expires


def check_profile_signing(**_: Any) -> list[CheckMessage]:
    try:
        signer = profiles.configured_signer()
    except profiles.Unusable as unusable:
        return [Error(str(unusable), hint="See docs/apple-profiles.md.", id="apppasswords.E001")]
    return list(_validity(signer)) if signer else []


def _validity(signer: profiles.Signer) -> Iterator[CheckMessage]:
    now = timezone.now()
    for certificate in (signer.certificate, *signer.chain):
        name = certificate.subject.rfc4514_string()
        begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        if ends <= now:
            told = f"The certificate {name} in PROFILE_SIGNING_CERTIFICATES expired on {clock.day(ends)}."
            yield Error(told, hint="Phones do not trust what it signs. Put the renewed one in.", id="apppasswords.E002")
        elif begins > now:
            told = f"The certificate {name} in PROFILE_SIGNING_CERTIFICATES is not valid before {clock.day(begins)}."
            yield Error(told, hint="Is the clock of this machine right?", id="apppasswords.E003")
        elif ends <= now + TOLD_BEFORE:
            told = f"The certificate {name} in PROFILE_SIGNING_CERTIFICATES expires on {clock.day(ends)}."
            yield Warning(told, hint="Renew it in time.", id="apppasswords.W001")
