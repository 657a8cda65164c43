"""What another program of the institution says of an account: a rate limiter or a spam filter that sees it send spam.

Signed with a key that both have, over the time and the body; good for minutes, and once.
"""

import hashlib
import hmac
import json
import time
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from accounts.lib import turns
from accounts.users import clerks, usernames
from accounts.users.models import User
from apppasswords.thefts import thefts

GOOD_FOR = 300  # seconds, before and after: two clocks
LONGEST_REASON = 200  # characters


class Answer(Enum):
    DONE = auto()  # or it was before, by the same call
    FORGED = auto()  # or too old
    MALFORMED = auto()
    UNKNOWN = auto()
    OF_THE_OFFICE = auto()
    TOO_MANY = auto()


@dataclass(frozen=True)
class Call:
    body: bytes
    at: str  # seconds since 1970
    signature: str  # hexadecimal


def signature(at: str, body: bytes) -> str:
    key = settings.STOLEN_HOOK_KEY.encode()
    return hmac.new(key, at.encode() + b"\n" + body, hashlib.sha256).hexdigest()


def stolen(call: Call, address: str) -> Answer:
    """As the button of the desk does. Not the office's own accounts: who has the key would keep it out."""
    if not _is_signed(call):
        return Answer.FORGED
    said = _read(call.body)
    if said is None:
        return Answer.MALFORMED
    user = User.objects.filter(username=usernames.canonical(said[0]) or "", is_active=True).first()
    if user is None:
        return Answer.UNKNOWN
    if clerks.is_colleague(user):
        return Answer.OF_THE_OFFICE
    with transaction.atomic():
        turns.take("hooks.stolen")  # or calls that come at once would not see each other in the count
        if thefts.by_calls_since(timezone.now() - timedelta(hours=1)) >= settings.STOLEN_HOOK_LIMIT:
            return Answer.TOO_MANY
        thefts.stop_once(user, hashlib.sha256(call.signature.encode()).hexdigest(), address=address, reason=said[1])
    return Answer.DONE


def _is_signed(call: Call) -> bool:
    """A signature in other letters is none: it would be another call."""
    is_now = call.at.isascii() and call.at.isdecimal() and abs(time.time() - int(call.at[:12])) <= GOOD_FOR
    return constant_time_compare(call.signature, signature(call.at, call.body)) and is_now


def _read(body: bytes) -> tuple[str, str] | None:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict):
        return None
    address, reason = said.get("address"), said.get("reason", "")
    if not isinstance(address, str) or not isinstance(reason, str):
        return None
    return address, reason[:LONGEST_REASON]
