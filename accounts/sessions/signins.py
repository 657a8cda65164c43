"""Where somebody is signed in: the list, and the end of one of them.

A session holds the name of its row (`session`), and is over for the first request that does not find it. So the row is
all that has to go, whatever becomes of the session's key meanwhile (docs/decisions/0049-where-one-is-signed-in.md).
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.browsers.browsers import Look
from accounts.lib import expired
from accounts.lib.compiled import Query
from accounts.log import events
from accounts.sessions import authorizations
from accounts.sessions.models import SignIn, is_of_now
from accounts.users.models import User

SEEN_AGAIN_AFTER = timedelta(minutes=1)  # or every page would write; an idle session ends that much too early at most
SHOWN = 50
NOTED = [field.name for field in SignIn._meta.concrete_fields if field.name not in ("id", "session")]


def note(  # noqa: PLR0913 (what a row says)
    user: User,
    session: str,
    look: Look,
    *,
    signed_in_at: datetime,
    ends_at: datetime,
    is_temporary: bool = False,
    is_new: bool = False,
) -> None:
    """Who is in there, from now on with the present password. `is_new`: nobody else knows the name of the session."""
    row = SignIn(
        session=session,
        user=user,
        auth_hash=user.get_session_auth_hash(),
        browser=look.browser,
        system=look.system,
        address=look.address or None,
        signed_in_at=signed_in_at,
        seen_at=timezone.now(),
        ends_at=ends_at,
        is_temporary=is_temporary,
    )
    if is_new:
        row.save(force_insert=True)
        return
    SignIn.objects.bulk_create([row], update_conflicts=True, unique_fields=["session"], update_fields=NOTED)


def find(user: User, session: str) -> SignIn | None:
    """None: it is in no more."""
    return OF_A_SESSION.first(user.pk, session)


OF_A_SESSION = Query(lambda user, session: SignIn.objects.filter(user=user, session=session)[:1])


def see(row: SignIn, address: str) -> None:
    """When, and from where, something was last done there is written down, once a minute at most, and more often only
    where an idle session ends after a few."""
    now, before = timezone.now(), row.seen_at
    limits = [limit / 10 for limit in (settings.IDLE_LIFETIME, settings.IDLE_LIFETIME_OF_STAFF) if limit]
    if not timedelta() <= now - before < min([SEEN_AGAIN_AFTER, *limits]):
        row.seen_at = now
        SignIn.objects.filter(pk=row.pk, seen_at=before).update(seen_at=now, address=address or None)


def of(user: User) -> list[SignIn]:
    """The one that was last seen first. What a new password or the office has ended is not among them."""
    rows = SignIn.objects.filter(user=user, ends_at__gt=timezone.now())
    return [row for row in rows[:SHOWN] if is_of_now(row.auth_hash, user)]


def end_one(user: User, pk: int, *, here: str, address: str) -> SignIn | None:
    """By its owner: that browser is out, with what other sites were given there, and nothing else ends. None if it was
    out before, or is the one (`here`) that this is said in, which has a button of its own."""
    with transaction.atomic():
        row = SignIn.objects.filter(user=user, pk=pk).exclude(session=here).first()
        if row is None or not SignIn.objects.filter(pk=pk).delete()[0]:
            return None
        authorizations.end(row.session)
        events.record(
            events.Kind.BROWSER_SIGNED_OUT, user, address=address, browser=row.browser, system=row.system
        )  # fmt: skip
    return row


def end_named(user: User, session: str, *, address: str) -> SignIn | None:
    """It was ended where its password was compared."""
    row = SignIn.objects.filter(user=user, session=session).first()
    return end_one(user, row.pk, here="", address=address) if row else None


def end(session: str) -> None:
    """At its own sign-out, or when somebody signs in there anew."""
    SignIn.objects.filter(session=session).delete()


def end_others(user: User, here: str) -> None:
    """Ended by other means already: no rows are left of them."""
    SignIn.objects.filter(user=user).exclude(session=here).delete()


def delete_expired() -> None:
    expired.delete(SignIn.objects.filter(ends_at__lt=timezone.now()))
