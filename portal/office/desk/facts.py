"""Everything about one person on one page, for the IT office: gathered with a number of queries that does not depend
on how much there is. What is shown of it is limited to the last days."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db.models import Count, Max, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.bans import bans, brake
from accounts.bans.models import Ban, Failure
from accounts.bans.where import addresses
from accounts.browsers import browsers
from accounts.browsers.models import TrustedBrowser
from accounts.closures import closures
from accounts.closures.models import Closure
from accounts.codes import limits
from accounts.delivery import explanations
from accounts.delivery.models import Sms
from accounts.lib import origins
from accounts.log.models import SecurityEvent
from accounts.maillogins.models import MailLogin
from accounts.mailsessions import mailsessions
from accounts.phones import helpcodes, suggestions
from accounts.phones.models import HelpCode, Phone
from accounts.users.models import User
from portal.office.desk import held
from portal.office.desk.held import Held

Kind = SecurityEvent.Kind

DAYS = timedelta(days=7)  # how far back SMS and mail logins are told
SHOWN = 12  # rows of each kind
NETWORKS = 40  # of the latest uses

# What somebody did at the sign-in; the rest was done to the account.
SIGN_INS = (Kind.SIGNED_IN, Kind.SIGNED_OUT, Kind.REFUSED, Kind.CODE_WRONG, Kind.CODES_PAUSED, Kind.CONFIRMED,
            Kind.BARE_NAME, Kind.HELP_CODE_USED, Kind.BANNED)  # fmt: skip


# --- One person -------------------------------------------------------------------------------------------------------


class Wrong(NamedTuple):
    """Wrong passwords that count, from one network by one way in."""

    network: str
    channel: str
    mine: bool  # of this account; others' are told where they come from an address that this person used
    failures: int
    passwords: int
    last_at: datetime


@dataclass(frozen=True)
class Facts:
    user: User
    phone: Phone | None
    ways: list[Held]  # the phone too
    browsers: list[TrustedBrowser]
    sms: list[Sms]
    sign_ins: list[SecurityEvent]
    deeds: list[SecurityEvent]
    mail_logins: list[MailLogin]
    bans: list[Ban]
    failures: list[Wrong]
    help_code: HelpCode | None
    codes: limits.Standing
    mail_ending: mailsessions.Told | None
    guessed_until: datetime | None  # the brake of its mailbox password
    closure: Closure | None
    first_phone: str | None  # with which two-step has to begin

    @property
    def is_paused(self) -> bool:
        until = self.user.codes_paused_until
        return until is not None and until > timezone.now()


def about(user: User, used: Iterable[str] = ()) -> Facts:
    """`used`: addresses that mail programs with app passwords came from."""
    now = timezone.now()
    log = SecurityEvent.objects.filter(user=user)
    trusted = list(browsers.live(user)[:SHOWN])
    sign_ins = list(log.filter(kind__in=SIGN_INS)[:SHOWN])
    mail_logins = list(MailLogin.objects.filter(user=user, day__gte=timezone.localdate() - DAYS)[:SHOWN])
    texts = [*used, *(row.address for row in trusted)]
    texts += [row.address for row in sign_ins] + [row.address for row in mail_logins]
    valid = dict.fromkeys(text for text in texts if origins.parse(text.partition("/")[0]))
    parts = [text.partition("/")[0] for text in valid]
    networks = list(dict.fromkeys(map(addresses.network, parts)))[:NETWORKS]
    around = [network for part in parts[:NETWORKS] for network in addresses.networks(part)]
    single = [text for text in valid if "/" not in text]
    shared = addresses.shared_among(single)
    own = {addresses.network(text) for text in single if text not in shared}
    return Facts(
        user=user,
        phone=getattr(user, "phone", None),
        ways=held.by(user),
        browsers=trusted,
        sms=list(Sms.objects.filter(user=user, created_at__gt=now - DAYS)[:SHOWN]),
        sign_ins=sign_ins,
        deeds=list(log.exclude(kind__in=SIGN_INS)[:SHOWN]),
        mail_logins=mail_logins,
        bans=list(_bans(user, around)),
        failures=_failures(user, [network for network in networks if network in own]),
        help_code=helpcodes.of(user),
        codes=limits.standing(user),
        mail_ending=mailsessions.latest(user.username, shown_for=timedelta(days=1)),
        guessed_until=None if user.two_step_is_on() else brake.until(user.pk),
        closure=closures.of(user),
        first_phone=suggestions.first(user),
    )


def bans_of(user: User) -> QuerySet[Ban]:
    """Those in force that can hit one person, by whatever address."""
    return Ban.objects.filter(bans.in_force(), Q(account=user.username) | Q(account=""))


def _bans(user: User, networks: list[str]) -> QuerySet[Ban]:
    return bans_of(user).filter(Q(account=user.username) | Q(network__in=networks))


def _failures(user: User, networks: list[str]) -> list[Wrong]:
    since = timezone.now() - settings.FAILURE_LIFETIME
    counted = Failure.objects.filter(cleared_at=None, ban=None, at__gt=since)
    groups = (
        counted.filter(Q(account=user.username) | Q(network__in=networks))
        .order_by()
        .values("network", "channel", "account")
        .annotate(failures=Count("pk"), passwords=Count("password_digest", distinct=True), last_at=Max("at"))
        .order_by("-last_at")
    )
    return [
        Wrong(
            network=group["network"],
            channel=group["channel"],
            mine=group["account"] == user.username,
            failures=group["failures"],
            passwords=group["passwords"],
            last_at=group["last_at"],
        )
        for group in groups[:SHOWN]
    ]


# --- In words ---------------------------------------------------------------------------------------------------------


def story(sms: Sms) -> str:
    """What became of an SMS, and why."""
    if sms.status == Sms.Status.FAILED:
        why = explanations.of(sms.error) or (str(sms.get_reason_display()) if sms.reason else "")
        return why or _("The gateway refused it.")
    if sms.status == Sms.Status.UNKNOWN:
        return explanations.of(sms.error) or _("Perhaps it was sent; it is not sent again by itself.")
    if sms.status == Sms.Status.DELAYED:
        return explanations.of(sms.error) or _("The queue is late; it goes out by itself.")
    if sms.used_at:
        return _("The code was entered.")
    if sms.voided_at and sms.nonce:
        return _("Replaced by a newer code, or no longer wanted.")
    if sms.tries >= settings.SMS_CODE_TRIES:
        return _("There were too many wrong tries.")
    return ""
