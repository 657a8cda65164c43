"""A day at the office on which there was something of everything, and of each a different number."""

from datetime import datetime, timedelta

from django.utils import timezone

from accounts.bans.models import Ban, Failure
from accounts.log.models import SecurityEvent
from accounts.maillogins.models import MailLogin
from accounts.phones.models import Phone
from accounts.users.models import User
from apppasswords.models import AppPassword
from portal.office.overview import figures
from tests.conftest import MakeUser
from tests.kit.outgoing import make_sms
from tests.kit.people import NUMBER

STATUSES = ["delivered"] * 5 + ["sent"] * 4 + ["failed"] * 3 + ["unknown"] * 2 + ["queued", "delayed", "claimed"] * 2
METHODS = ["code"] * 4 + ["trusted browser"] * 2 + ["password"] + ["app", "passkey", "recovery code"]
CHANNELS = ["web"] * 5 + ["imap"] * 4 + ["pop3"] * 3 + ["smtp"] * 2 + ["sieve"]


def busy_day(make_user: MakeUser) -> None:
    """Today and yesterday."""
    now = timezone.now()
    departments = ("文学院", "法学院 & 商学院", "")
    one, other, *_ = (make_user(f"person{n}", two_step=n < 3, department=departments[n % 3]) for n in range(6))
    make_user("gone", is_active=False)
    Phone.objects.create(user=one, number=f"+86{NUMBER}")
    Phone.objects.create(user=other, number=f"+86{NUMBER}", slot=2)
    for digest in "abc":
        AppPassword.objects.create(user=one, name="Mail", digest=digest)
    for ago in (0, 1):
        _day(one, other, now - timedelta(days=ago))
    _day(one, other, now - timedelta(days=9))  # out of the shortest range, so in neither
    figures.sum_up(timezone.localdate(now - timedelta(days=1)))
    figures.sum_up(timezone.localdate(now - timedelta(days=9)))


def _day(one: User, other: User, at: datetime) -> None:
    for status in STATUSES:
        gateway = "" if status in ("queued", "delayed") else "twilio"
        delivered = at + timedelta(seconds=3) if status == "delivered" else None
        make_sms(one, created_at=at, status=status, gateway=gateway, delivered_at=delivered)
    for method in METHODS:
        SecurityEvent.objects.create(kind="signed_in", user=one, at=at, detail={"method": method})
    for _ in range(4):
        SecurityEvent.objects.create(kind="refused", at=at, detail={"channel": "web"})
    for channel in CHANNELS:
        Failure.objects.create(network="192.0.2.1", account="a", password_digest="0", channel=channel, at=at)
    for account in ("", "", "", "a", "b"):
        Ban.objects.create(network="192.0.2.1", account=account, started_at=at, until=at)
    for protocol, method, times in (("imap", "app", 7), ("smtp", "mailbox", 4), ("pop3", "token", 2)):
        for user in (one, other):
            day = timezone.localdate(at)
            MailLogin.objects.create(user=user, day=day, protocol=protocol, method=method, count=times)
