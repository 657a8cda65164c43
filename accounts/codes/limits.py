"""How many codes there may be, and how soon the next one. Whoever asks spends what is theirs: nobody else's.

An account has two purses: one for who has shown to be its owner by more than the password (signed in with a code, in a
browser where that was done before, or with a help-desk code), one for whoever knows the password. Tests by the office
have a third. What others ask for counts only for a number that somebody types. See docs/decisions/0026-quotas.md.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import NamedTuple

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from accounts.bans.where import addresses
from accounts.delivery.models import Sms
from accounts.lib import prepared
from accounts.lib.compiled import Query
from accounts.routes.models import Gateway
from accounts.users.models import User

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
UNSURE_HOLDS = (timedelta(), timedelta(seconds=3))  # one code that may not have gone out, and the next one
OURS = (Sms.Reason.OFFICE, Sms.Reason.LATE)  # why an SMS failed, and its owner could do nothing about it


class Refusal(Enum):
    """Why no code was sent. Such a request costs nothing."""

    WAIT = auto()  # SMS_RESEND_AFTER has not passed
    LIMIT = auto()  # the account, the number or the address had too many
    PAUSED = auto()  # too many wrong codes
    BUDGET = auto()  # the site sent too many today
    COUNTRY = auto()
    RANGE = auto()  # many numbers of one range were typed, and their codes not entered


@dataclass(frozen=True)
class Refused:
    refusal: Refusal
    again_at: datetime | None = None  # when asking again can help


class Purse(Enum):
    OWNER = auto()
    PASSWORD = auto()  # whoever knows it
    TESTS = auto()


@dataclass(frozen=True)
class Asked:
    """A request for a code. `by_owner`: by somebody who has shown to be the owner by more than the password."""

    user: User
    number: str
    purpose: Sms.Purpose
    address: str
    by_owner: bool

    @property
    def purse(self) -> Purse:
        return _purse(self.purpose, self.by_owner)


def _purse(purpose: str, by_owner: bool) -> Purse:
    if purpose == Sms.Purpose.TEST:
        return Purse.TESTS
    return Purse.OWNER if by_owner else Purse.PASSWORD


class Known(NamedTuple):
    """What it hangs on."""

    paused_until: datetime | None
    counted_from: datetime | None
    crowded_since: datetime | None  # so many strangers asked for codes from there
    some_gateway_is_off: bool
    lately: list[Sms]  # to the account, as of `lately`


KNOWN = prepared.Statement(
    "mailkey_asked",
    f"""SELECT codes_paused_until, codes_counted_from,
               (SELECT created_at FROM {Sms._meta.db_table}
                WHERE address = %s AND NOT by_owner AND created_at > %s
                  AND purpose NOT IN ({", ".join(f"'{purpose}'" for purpose in Sms.NOTICES)})
                ORDER BY created_at DESC LIMIT 1 OFFSET %s),
               EXISTS (SELECT 1 FROM {Gateway._meta.db_table} WHERE NOT is_on),
               EXISTS (SELECT 1 FROM {Sms._meta.db_table} WHERE user_id = {User._meta.db_table}.id AND created_at > %s),
               known.cidr, known.kind
        FROM {User._meta.db_table} LEFT JOIN ({addresses.HOLDING}) AS known ON 1 = 1 WHERE id = %s""",  # noqa: S608
)


def known(asked: Asked, now: datetime) -> Known:
    here = addresses.place_of(asked.address)
    values = [addresses.network(asked.address), now - HOUR, settings.SMS_ADDRESS_LIMIT - 1]
    row = KNOWN.row(*values, now - DAY, here, here, asked.user.pk)
    paused_until, counted_from, crowded_since, some_is_off, was_sent_some, cidr, stored = row or (None,) * 7
    # Behind an address that the office knows many people ask for codes.
    is_known = addresses.known(asked.address, cidr, stored)[1] is not None
    return Known(
        paused_until=prepared.moment(paused_until),
        counted_from=prepared.moment(counted_from),
        crowded_since=None if is_known else prepared.moment(crowded_since),
        some_gateway_is_off=bool(some_is_off),
        lately=lately(asked.user, now) if was_sent_some else [],
    )


def waiting(asked: Asked, lately: list[Sms], now: datetime) -> Refused | None:
    """Why this one may not be sent yet."""
    wait = _wait(asked, _sent(lately), now)
    return Refused(Refusal.WAIT, wait) if wait else None


def refused(asked: Asked, known: Known, now: datetime) -> Refused | None:
    """Why this one may not be sent now. Holds until the commit behind the lock of `codes.issue`, if it was read
    there."""
    if wait := waiting(asked, known.lately, now):
        return wait
    since = _since(known.counted_from, now)
    waits = [_full_until(asked.purse, _sent(known.lately), since, now)]
    if asked.purpose in Sms.TYPED:
        waits.append(_strangers_at(asked, since, now))
    if asked.purse is Purse.PASSWORD and known.crowded_since:
        waits.append(min(known.crowded_since, now) + HOUR)
    until = max((at for at in waits if at), default=None)
    return Refused(Refusal.LIMIT, until) if until else None


@dataclass(frozen=True)
class Standing:
    """What an account has asked for, as far as it counts."""

    asked: int
    spent_until: dict[Purse, datetime]  # out of these none can be sent until then


def standing(user: User) -> Standing:
    """As a page tells it, of a row that was read just now."""
    now = timezone.now()
    sent, since = _sent(lately(user, now)), _since(user.codes_counted_from, now)
    full = {purse: _full_until(purse, sent, since, now) for purse in (Purse.OWNER, Purse.PASSWORD)}
    return Standing(
        asked=len([one for one in sent if one.at > since and one.purse is not Purse.TESTS]),
        spent_until={purse: until for purse, until in full.items() if until},
    )


def give_again(user: User, version: datetime | None) -> bool:
    """By the desk, which saw from when on codes are counted. False: somebody was faster."""
    return bool(User.objects.filter(pk=user.pk, codes_counted_from=version).update(codes_counted_from=timezone.now()))


def start_afresh(user: User, *, by_office: bool) -> None:
    """What was asked for so far no longer counts: after a new password, or with a help-desk code.

    What owners do by themselves lets them do it once an hour: or whoever changes a password again and again would have
    the site send codes for ever.
    """
    now = timezone.now()
    before = Q() if by_office else Q(codes_counted_from=None) | Q(codes_counted_from__lte=now - HOUR)
    User.objects.filter(before, pk=user.pk).update(codes_counted_from=now)


# --- What was sent ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Sent:
    at: datetime
    number: str
    purpose: str
    purse: Purse
    used: bool
    failed: bool  # for certain
    is_our_fault: bool
    is_unsure: bool  # nobody knows whether it went out


def lately(user: User, now: datetime) -> list[Sms]:
    """To one account in the last day, the newest first."""
    return SENT_SINCE.all(user.pk, now - DAY)


SENT_SINCE = Query(
    lambda user, since: Sms.objects.filter(
        Q(purpose=Sms.Purpose.TEST) | ~Q(purpose__in=Sms.NOTICES), user=user, created_at__gt=since
    ).order_by("-created_at", "-pk")
)


def _sent(lately: list[Sms]) -> list[_Sent]:
    return [
        _Sent(
            sms.created_at,
            sms.number,
            sms.purpose,
            _purse(sms.purpose, sms.by_owner),
            sms.used_at is not None,
            sms.status == Sms.Status.FAILED,
            sms.status == Sms.Status.FAILED and sms.reason in OURS,
            sms.status == Sms.Status.UNKNOWN,
        )
        for sms in lately
    ]


def _since(at: datetime | None, now: datetime) -> datetime:
    """What is older counts no more. A beginning that lies ahead (a clock was set back) is none: it would let through
    whatever comes until then."""
    start = now - DAY
    return at if at and start < at <= now else start


# --- How soon, how many -----------------------------------------------------------------------------------------------


def _wait(asked: Asked, sent: list[_Sent], now: datetime) -> datetime | None:
    """From one code to the next for the same account, number and purpose. One that was entered holds nobody up: where
    the answer to it was lost, its owner has nothing else to enter. Nor does one that may not have gone out, the first
    time in an hour, and the second time for seconds only. Nor what certainly failed; if it is our fault, and came to
    that many times, the next try waits like others, or a gateway that is down is hammered."""
    alike = [one for one in sent if (one.number, one.purpose) == (asked.number, asked.purpose)]
    held_up = [one.at for one in alike if not one.failed and not one.used and not one.is_unsure]
    unsure = [one.at for one in alike if one.is_unsure and not one.used and one.at > now - HOUR]
    soon = min(max(unsure), now) + UNSURE_HOLDS[len(unsure) - 1] if 0 < len(unsure) <= len(UNSURE_HOLDS) else now
    held_up += unsure if len(unsure) > len(UNSURE_HOLDS) else []
    ours = [one.at for one in sent if one.is_our_fault and one.purse is asked.purse]
    if len([at for at in ours if at > now - HOUR]) >= settings.SMS_HOURLY_LIMIT:
        held_up += ours
    # From the future: a clock was set back. Nobody waits longer for that.
    latest = max((at for at in held_up if at <= now + settings.SMS_RESEND_AFTER), default=now - DAY)
    until = max(min(latest, now) + settings.SMS_RESEND_AFTER, soon)
    return until if until > now else None


def _full_until(purse: Purse, sent: list[_Sent], since: datetime, now: datetime) -> datetime | None:
    """What failed takes nothing from what arrives, but is limited alike."""
    since = now - DAY if purse is Purse.TESTS else since
    mine = [one for one in sent if one.purse is purse and one.at > since and not one.is_our_fault]
    waits = [_full([one.at for one in mine if one.failed is failed], now) for failed in (False, True)]
    return max((at for at in waits if at), default=None)


def _full(newest_first: Iterable[datetime], now: datetime) -> datetime | None:
    """When the oldest of too many no longer counts; None if there is room."""
    waits = []
    for window, limit in ((HOUR, settings.SMS_HOURLY_LIMIT), (DAY, settings.SMS_DAILY_LIMIT)):
        counted = [min(at, now) for at in newest_first if at > now - window]
        if len(counted) >= limit:
            waits.append(counted[limit - 1] + window)
    return max(waits, default=None)


def _strangers_at(asked: Asked, since: datetime, now: datetime) -> datetime | None:
    """A number that several others typed is left in peace. One of them alone shuts nobody else out of it."""
    others = Sms.objects.filter(number=asked.number, purpose__in=Sms.TYPED, created_at__gt=since)
    others = others.exclude(user=asked.user).exclude(status=Sms.Status.FAILED)
    rows = list(others.order_by("-created_at").values_list("created_at", "user"))
    return _full([at for at, _user in rows], now) if len({user for _at, user in rows}) > 1 else None
