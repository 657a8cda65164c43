"""Sign-ins on the portal that applications hang on (webmail, mail programs): begin one, end those of a session."""

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.browsers.models import TrustedBrowser
from accounts.lib import expired
from accounts.mailsessions import mailsessions
from accounts.mailsessions.mailsessions import Why
from accounts.sessions.models import Authorization
from accounts.users.models import User
from accounts.users.ways import Device, Way

# Words of RFC 8176 for what was shown beside the password. It has none for a recovery code, which is a password of one
# use too.
METHODS = {Way.PHONE: "sms", Way.APP: "otp", Way.RECOVERY: "otp"}
# By what other sites tell how much an account was proven: the profile that federations of universities ask for, and,
# with the mailbox password alone (or a trusted browser, which shows nothing new), no more than that.
SEVERAL_FACTORS = "https://refeds.org/profile/mfa"
PASSWORD_ALONE = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"  # noqa: S105 (no password)


def _method(device: Device) -> str:
    """A passkey is of hardware, unless it can be copied to other devices."""
    return METHODS.get(device.way) or ("swk" if getattr(device, "backup_eligible", False) else "hwk")


def shown(authorization: Authorization) -> list[str]:
    """`amr`: what the sign-in has shown, in the words of RFC 8176."""
    return ["pwd", authorization.method, "mfa"] if authorization.method else ["pwd"]


def level(authorization: Authorization) -> str:
    """`acr`: what that is worth."""
    return SEVERAL_FACTORS if authorization.method else PASSWORD_ALONE


def begin(  # noqa: PLR0913 (what a row says)
    user: User,
    session: str,
    *,
    signed_in_at: datetime,
    ends_at: datetime,
    device: Device | None,
    browser: TrustedBrowser | None,
    is_program: bool = False,
) -> Authorization:
    """`device`: by which the second step was taken. `browser`: the trusted one that the session was opened in."""
    return Authorization.objects.create(
        user=user,
        session=session,
        auth_hash=user.get_session_auth_hash(),
        phone_id=device.pk if device and device.way is Way.PHONE else None,
        ways_version=user.ways_version if device else None,
        method=_method(device) if device else "",
        browser=browser,
        is_program=is_program,
        signed_in_at=signed_in_at,
        ends_at=ends_at,
    )


def note_elsewhere(authorization: Authorization) -> None:
    """A source elsewhere has taken the second step. A change of one's own ways ends it too."""
    version = authorization.user.ways_version
    Authorization.objects.filter(pk=authorization.pk).update(ways_version=version)
    authorization.ways_version = version


def end(session: str) -> None:
    """Every token that was handed out to this sign-in."""
    _end(Authorization.objects.filter(session=session))


def revoke(authorization: Authorization) -> None:
    """Somebody else has what it was handed out for."""
    _end(Authorization.objects.filter(pk=authorization.pk))


def _end(rows: QuerySet[Authorization]) -> None:
    """A token that is just being made for one of them is made before, and goes too, or finds it gone: who makes one
    holds the account as well."""
    with transaction.atomic():
        User.objects.hold(*rows.values_list("user", flat=True))
        _put_out(rows)


def _put_programs_out(rows: QuerySet[Authorization]) -> None:
    """The mail servers ask about a login, and never again."""
    programs = rows.filter(is_program=True).order_by()
    mailsessions.end(programs.values_list("user__username", flat=True).distinct(), Why.APP_PASSWORD)


def delete_expired() -> None:
    """What was handed out on them goes with them."""
    expired.in_batches(Authorization.objects.filter(ends_at__lt=timezone.now()), _put_out)


def _put_out(rows: QuerySet[Authorization]) -> None:
    _put_programs_out(rows)
    rows.delete()
