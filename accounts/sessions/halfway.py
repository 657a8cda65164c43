"""Half-way: the password was right, the second step is still to come."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import OuterRef, QuerySet
from django.http import HttpRequest

from accounts.bans import bans
from accounts.codes import codes
from accounts.lib.compiled import Query
from accounts.phones import helpcodes, phones, suggestions
from accounts.phones.models import Phone
from accounts.sessions import clients, sessions, typed
from accounts.sessions.storage import lifetimes, notes
from accounts.sessions.storage.keys import ARRIVAL, CARRIED, CODE_SESSION, HALFWAY, HELP_CODE, TEMPORARY, WANTED
from accounts.users import ways
from accounts.users.models import User
from accounts.users.ways import Way

# Where the second step is taken by each way. (By who is in, once more: sessions.CONFIRM_PAGES.)
PAGES = {
    Way.PHONE: "sign_in_code",
    Way.APP: "sign_in_app",
    Way.PASSKEY: "sign_in_passkey",
    Way.RECOVERY: "sign_in_recovery",
}


@dataclass(frozen=True)
class Candidate:
    """Who may take the second step in this session, and where the way leads afterwards."""

    user: User
    phone: Phone | None
    ways: list[Way]  # by which it may be taken, the preferred one first
    next: str
    help_code: int | None = None  # entered right: something may be bound in place of what is lost, and nothing else
    banned_until: datetime | None = None

    @property
    def page(self) -> str:
        """Where the second step is taken, or bound first."""
        if not self.binds:
            return PAGES[self.ways[0]]
        return "sign_in_phone" if Way.PHONE in settings.SECOND_STEPS_TO_BEGIN else "sign_in_app_new"

    @property
    def first_phone(self) -> str | None:
        """With which two-step has to begin, where the office trusts the directory's numbers. Who has a code of the help
        desk has been looked at."""
        return None if self.help_code is not None else suggestions.first(self.user)

    @property
    def begins_by_app(self) -> bool:
        return self.binds and Way.APP in settings.SECOND_STEPS_TO_BEGIN and self.first_phone is None

    @property
    def binds(self) -> bool:
        """Whether something has to be bound: there is nothing yet, or it takes the place of what is lost."""
        return not self.ways or self.help_code is not None

    def others(self, way: Way) -> dict[Way, str]:
        """The pages of the other ways, which the page of this one leads to."""
        return {other: PAGES[other] for other in self.ways if other is not way}


def begin(
    request: HttpRequest, user: User, phone: Phone | None, held: list[Way], next_path: str, *, temporary: bool = False
) -> Candidate:
    """Remember who is half-way, in a new session: nothing of the old one stays, its key neither. Save what the same
    person was in the middle of: a code that was sent must not be lost by going back to the password. And who is in, and
    signs in once more because an application asked for it, stays in until that is done."""
    if sessions.has_passed(request) and request.user == user:
        request.session.cycle_key()
    else:
        begun = _begun_by(request, user) | typed.held_for(request, user)
        sessions.end_sign_in(request)
        request.session.flush()
        former, present = str(begun.pop(CODE_SESSION, "")), sessions.begin_code_session(request, user)
        if former != present:
            codes.carry_over(user, former, present)
        request.session.update(begun)
    request.session.pop(ARRIVAL, None)
    request.session[HALFWAY] = {
        "user": user.pk,
        "backend": user.backend,
        "phone": phone.pk if phone else None,
        "ways": user.ways_version,
        "nonce": secrets.token_hex(16),
        "password": user.get_session_auth_hash(),
        "at": lifetimes.now(),
        "next": next_path,
        TEMPORARY: temporary,
    }
    return Candidate(user, phone, held, next_path, _help_code(request, user))


def _begun_by(request: HttpRequest, user: User) -> dict[str, object]:
    """What goes over into the next half-way session of one account in one browser: it is who was half-way here."""
    before = candidate(request)
    if before is None or before.user != user:
        return {}
    return {key: request.session[key] for key in (CODE_SESSION, *CARRIED) if key in request.session}


def candidate(request: HttpRequest) -> Candidate | None:
    """Half-way and nothing changed since: not the password, not a way to take the second step, not the account; or
    signed in already when two-step was switched on, or when such a way was changed in another browser."""
    if request.user.is_authenticated and not sessions.has_passed(request):
        row, wanted = account(request.user.pk, clients.address(request)), str(notes.recall(request, WANTED) or "")
        return _candidate(request, request.user, row, wanted) if row else None
    held = request.session.get(HALFWAY)
    if not isinstance(held, dict) or not lifetimes.is_young(held["at"], settings.HALFWAY_LIFETIME):
        return None
    user = account(held["user"], clients.address(request))
    if user is None or user.get_session_auth_hash() != held["password"]:
        return None
    found = _candidate(request, user, user, held["next"])
    if (found.phone.pk if found.phone else None) != held["phone"] or user.ways_version != held.get("ways", 0):
        return None
    user.backend = held["backend"]
    return found


def account(pk: int, address: str) -> User | None:
    """Asked at each step, with one query: who it is, with the phone, the ways, and a ban from this address."""
    return ACCOUNT.first(pk, *bans.sought(address))


def _account(pk: Any, now: Any, one: Any, two: Any, three: Any) -> QuerySet[User]:
    users = ways.with_them(phones.with_them(User.objects.filter(pk=pk, is_active=True)))
    return users.annotate(ban=bans.ban_of(OuterRef("username"), now, one, two, three))


ACCOUNT = Query(_account, depends=lambda: tuple(settings.SECOND_STEPS))


def _candidate(request: HttpRequest, user: User, row: User, next_path: str) -> Candidate:
    banned_until = bans.holding(vars(row)["ban"], clients.address(request))
    return Candidate(
        user, phones.read(row, user), ways.held(row), next_path, _help_code(request, user), banned_until
    )  # fmt: skip


def nonce(request: HttpRequest) -> str:
    """A random value of this sign-in, from when the password was right."""
    held = request.session.get(HALFWAY)
    return str(held.get("nonce", "")) if isinstance(held, dict) else sessions.sign_in(request)


def present(request: HttpRequest) -> int | None:
    """Whose account it is that somebody is in with, or half-way to."""
    if not hasattr(request, "user"):  # a page of errors, before it was looked at
        return None
    held = request.session.get(HALFWAY)
    return request.user.pk or (held["user"] if isinstance(held, dict) else None)


def _help_code(request: HttpRequest, user: User) -> int | None:
    pk = notes.recall(request, HELP_CODE)
    return pk if isinstance(pk, int) and helpcodes.opens(pk, user) else None


def note_help_code(request: HttpRequest, pk: int) -> None:
    """A right help-desk code was entered: half-way still, one step further."""
    request.session.cycle_key()
    notes.remember(request, HELP_CODE, pk)


def want(request: HttpRequest, path: str) -> None:
    """Where somebody wanted to go who has to take the second step first."""
    held = request.session.get(HALFWAY)
    if isinstance(held, dict):
        request.session[HALFWAY] = held | {"next": path}
    elif request.user.is_authenticated:
        notes.remember(request, WANTED, path)
