"""Rows on their way, as tests make them."""

from datetime import timedelta
from typing import Any

import time_machine
from django.conf import settings
from django.utils import timezone

from accounts.delivery.models import Sms
from accounts.users.models import User

NUMBER = "+8613800138000"


def make_sms(user: User, **fields: Any) -> Sms:
    now = timezone.now()
    given = {
        "purpose": Sms.Purpose.SIGN_IN,
        "nonce": "0" * 32,
        "language": "en",
        "created_at": now,
        "expires_at": now + settings.SMS_CODE_LIFETIME,
        "sweep_at": now + settings.SMS_REQUEUE_AFTER,
    }
    return Sms.objects.create(**{"user": user, "number": NUMBER} | given | fields)


def after(seconds: float) -> time_machine.travel:
    return time_machine.travel(timezone.now() + timedelta(seconds=seconds), tick=False)
