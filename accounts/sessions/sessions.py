"""What a browser session holds: who is half-way, who is in, and when a code was last entered."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum, auto
from math import ceil

import django_otp
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, load_backend, login, logout, update_session_auth_hash
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import get_language

from accounts.browsers import browsers
from accounts.browsers.models import TrustedBrowser
from accounts.codes import codes
from accounts.delivery.models import Sms
from accounts.phones import helpcodes, phones
from accounts.phones.models import Phone
from accounts.sessions import authorizations, clients, signins, store
from accounts.sessions.models import Authorization
from accounts.users import ways
from accounts.users.models import User
from accounts.users.ways import Device, Way


class SignedInRequest(HttpRequest):
    """What a page behind the middleware is given; a name for its type."""

    user: User


HALFWAY = "halfway"
STARTED_AT = "started_at"
CODE_AT = "code_at"
WAYS = "ways"  # as they were when the second step was taken: `User.ways_version`
BROWSER = "browser"
CODE_SESSION = "code_session"
AUTHORIZED = "authorized"
SIGN_IN = "sign_in"
TEMPORARY = "temporary"  # 临时登录: on a computer that others use
WANTED = "wanted"
HELP_CODE = "help_code"
AGAIN = "again"
EVENT = "event"
ENDED = "ended"  # why the last sign-in here did: an `Over`; and whose it was
OFFICE_CLOSED = "office_closed"  # until a second step is taken again
TYPED = "typed"  # into a form that came too late, and by whom
ARRIVAL = "arrival"
NUMBER = "number_{purpose}"  # the one that somebody typed, to be proven

# Where the second step is taken by each way: at sign-in, and once more.
PAGES = {
    Way.PHONE: "sign_in_code",
    Way.APP: "sign_in_app",
    Way.PASSKEY: "sign_in_passkey",
    Way.RECOVERY: "sign_in_recovery",
}
CONFIRM_PAGES = {
    Way.PHONE: "confirm",
    Way.APP: "confirm_app",
    Way.PASSKEY: "confirm_passkey",
    Way.RECOVERY: "confirm_recovery",
}

# Steps that a sign-in goes on with when the password is entered once more.
CARRIED = (HELP_CODE, NUMBER.format(purpose=Sms.Purpose.BIND))


def _now() -> float:
    return timezone.now().timestamp()


def _younger(seconds: object, lifetime: timedelta) -> bool:
    """A time from the future is not young: a clock was set back, and nothing may live longer for it."""
    return isinstance(seconds, int | float) and -60 <= _now() - seconds < lifetime.total_seconds()


# --- Half-way: the password was right, the second step is still to come ----------------------------------------------


@dataclass(frozen=True)
class Candidate:
    """Who may take the second step in this session, and where the way leads afterwards."""

    user: User
    phone: Phone | None
    ways: list[Way]  # by which it may be taken, the preferred one first
    next: str
    help_code: int | None = None  # entered right: something may be bound in place of what is lost, and nothing else

    @property
    def page(self) -> str:
        """Where the second step is taken, or bound first."""
        if not self.binds:
            return PAGES[self.ways[0]]
        return "sign_in_phone" if Way.PHONE in settings.SECOND_STEPS_TO_BEGIN else "sign_in_app_new"

    @property
    def binds(self) -> bool:
        """Whether something has to be bound: there is nothing yet, or it takes the place of what is lost."""
        return not self.ways or self.help_code is not None

    def others(self, way: Way) -> dict[Way, str]:
        """The pages of the other ways, which the page of this one leads to."""
        return {other: PAGES[other] for other in self.ways if other is not way}


def begin(request: HttpRequest, user: User, phone: Phone | None, next_path: str, *, temporary: bool = False) -> None:
    """Remember who is half-way, in a new session: nothing of the old one stays, its key neither. Save what the same
    person was in the middle of: a code that was sent must not be lost by going back to the password. And who is in, and
    signs in once more because an application asked for it, stays in until that is done."""
    if has_passed(request) and request.user == user:
        request.session.cycle_key()
    else:
        begun = _begun_by(request, user) | _typed_by(request, user)
        _end_sign_in(request)
        request.session.flush()
        if session := begun.pop(CODE_SESSION, None):
            codes.carry_over(user, str(session), new_code_session(request))
        request.session.update(begun)
    request.session.pop(ARRIVAL, None)
    request.session[HALFWAY] = {
        "user": user.pk,
        "backend": user.backend,
        "phone": phone.pk if phone else None,
        "ways": user.ways_version,
        "nonce": secrets.token_hex(16),
        "password": user.get_session_auth_hash(),
        "at": _now(),
        "next": next_path,
        TEMPORARY: temporary,
    }


def _begun_by(request: HttpRequest, user: User) -> dict[str, object]:
    """What goes over into the next half-way session of one account in one browser: it is who was half-way here."""
    before = candidate(request)
    if before is None or before.user != user:
        return {}
    return {key: request.session[key] for key in (CODE_SESSION, *CARRIED) if key in request.session}


def _typed_by(request: HttpRequest, user: User) -> dict[str, object]:
    held = recall(request, TYPED)
    return {TYPED: request.session[TYPED]} if isinstance(held, dict) and held["user"] == user.pk else {}


def candidate(request: HttpRequest) -> Candidate | None:
    """Half-way and nothing changed since: not the password, not a way to take the second step, not the account; or
    signed in already when two-step was switched on, or when such a way was changed in another browser."""
    if request.user.is_authenticated and not has_passed(request):
        owner: User = request.user
        phone, wanted = phones.of(owner), str(recall(request, WANTED) or "")
        return Candidate(owner, phone, ways.of(owner), wanted, _help_code(request, owner))
    held = request.session.get(HALFWAY)
    if not isinstance(held, dict) or not _younger(held["at"], settings.HALFWAY_LIFETIME):
        return None
    user = load_backend(held["backend"]).get_user(held["user"])
    if not isinstance(user, User) or user.get_session_auth_hash() != held["password"]:
        return None
    phone = phones.of(user)
    if (phone.pk if phone else None) != held["phone"] or user.ways_version != held.get("ways", 0):
        return None
    user.backend = held["backend"]
    return Candidate(user, phone, ways.of(user), held["next"], _help_code(request, user))


def nonce(request: HttpRequest) -> str:
    """A random value of this sign-in, from when the password was right."""
    held = request.session.get(HALFWAY)
    return str(held.get("nonce", "")) if isinstance(held, dict) else sign_in(request)


def present(request: HttpRequest) -> int | None:
    """Whose account it is that somebody is in with, or half-way to."""
    if not hasattr(request, "user"):  # a page of errors, before it was looked at
        return None
    held = request.session.get(HALFWAY)
    return request.user.pk or (held["user"] if isinstance(held, dict) else None)


def _help_code(request: HttpRequest, user: User) -> int | None:
    pk = recall(request, HELP_CODE)
    return pk if isinstance(pk, int) and helpcodes.opens(pk, user) else None


def keep_typed(request: HttpRequest, texts: dict[str, str]) -> None:
    """For when the same person comes back to the page of the form: who is in, or was in here last."""
    owner = request.user.pk or request.session.get(ENDED, {}).get("user")
    if texts and owner:
        remember(request, TYPED, {"user": owner, "page": request.path, "texts": texts})


def take_typed(request: HttpRequest) -> dict[str, str]:
    """What had been typed into a form of this page, once."""
    held = recall(request, TYPED)
    if not isinstance(held, dict) or held["page"] != request.path or held["user"] != request.user.pk:
        return {}
    drop(request, TYPED)
    return dict(held["texts"])


def note_help_code(request: HttpRequest, pk: int) -> None:
    """A right help-desk code was entered: half-way still, one step further."""
    request.session.cycle_key()
    remember(request, HELP_CODE, pk)


def ask_again(request: HttpRequest, path: str) -> None:
    """Of who is in: an application wants a sign-in of now. Any page of the web can lead here, so nothing ends by it."""
    remember(request, AGAIN, path)


def is_asked_again(request: HttpRequest, path: str) -> bool:
    """For the sake of this page."""
    return bool(path) and recall(request, AGAIN) == path


def want(request: HttpRequest, path: str) -> None:
    """Where somebody wanted to go who has to take the second step first."""
    held = request.session.get(HALFWAY)
    if isinstance(held, dict):
        request.session[HALFWAY] = held | {"next": path}
    elif request.user.is_authenticated:
        remember(request, WANTED, path)


# --- In --------------------------------------------------------------------------------------------------------------


def open_for(
    request: HttpRequest, user: User, *, device: Device | None = None, browser: TrustedBrowser | None = None
) -> None:
    """Sign in, under a new session key. `device`: the second step was taken by it. `browser`: it is trusted."""
    temporary = will_be_temporary(request)
    _end_sign_in(request)
    for key in (HALFWAY, CODE_SESSION, BROWSER, HELP_CODE, WANTED, AGAIN):
        request.session.pop(key, None)
    # Notices come in the language that the person last signed in with.
    User.objects.filter(pk=user.pk).exclude(language=get_language()).update(language=get_language())
    login(request, user, backend=getattr(user, "backend", None) or request.session[BACKEND_SESSION_KEY])
    request.session[STARTED_AT] = _now()
    request.session[TEMPORARY] = temporary
    request.session[SIGN_IN] = secrets.token_hex(16)
    _note_sign_in(request, user)
    if device:
        note_second_step(request, device)
    if browser:
        request.session[BROWSER] = browser.pk


def will_be_temporary(request: HttpRequest) -> bool:
    """It was ticked beside the password; who is in already, and lacks the second step, ticked it then."""
    held = request.session.get(HALFWAY)
    return bool(held.get(TEMPORARY)) if isinstance(held, dict) else is_temporary(request)


def is_temporary(request: HttpRequest) -> bool:
    """Nothing of this sign-in stays in the browser, and it is short."""
    return bool(request.session.get(TEMPORARY))


def lifetime(request: HttpRequest) -> timedelta:
    return settings.TEMPORARY_SESSION_LIFETIME if is_temporary(request) else settings.SESSION_LIFETIME


def _signed_in_at(request: HttpRequest) -> datetime:
    return datetime.fromtimestamp(request.session[STARTED_AT], UTC)


def ends_at(request: HttpRequest) -> datetime:
    """At the latest, however busy it is."""
    return _signed_in_at(request) + lifetime(request)


def note_second_step(request: HttpRequest, device: Device) -> None:
    """The session is verified, and the pages that ask for a fresh second step are open. By the ways as its owner had
    them when this one was taken: of what has changed meanwhile in another browser, this session ends too."""
    request.session.cycle_key()
    django_otp.login(request, device)
    request.session[WAYS] = device.user.ways_version
    request.session[CODE_AT] = _now()
    request.session.pop(OFFICE_CLOSED, None)


def go_on(request: HttpRequest, user: User) -> None:
    """One of its owner's ways was changed in this session, which stays as it is; all others are asked anew."""
    if WAYS in request.session:
        request.session[WAYS] = user.ways_version


def is_by_former_ways(request: HttpRequest, user: User) -> bool:
    """The second step was taken before one of the ways was added, changed or removed."""
    return bool(request.session.get(WAYS, 0) != user.ways_version)


def way(request: SignedInRequest) -> Way | None:
    """By which the second step was taken in this session."""
    return request.user.otp_device.way if request.user.is_verified() else None


def note_event(request: HttpRequest, pk: int) -> None:
    """The event of this sign-in in the security log: its owner finds the present browser by it."""
    request.session[EVENT] = pk


def note_arrival(request: HttpRequest, pk: int) -> None:
    """The password was compared elsewhere (accounts/elsewhere/models.py): this sign-in ends when it ends there."""
    request.session[ARRIVAL] = pk


def arrival(request: HttpRequest) -> int | None:
    pk = request.session.get(ARRIVAL)
    return pk if isinstance(pk, int) else None


def event(request: HttpRequest) -> int | None:
    pk = request.session.get(EVENT)
    return pk if isinstance(pk, int) else None


def has_passed(request: HttpRequest) -> bool:
    """The one answer to whether this session may see anything but the sign-in pages."""
    if not request.user.is_authenticated:
        return False
    user: User = request.user
    if not user.two_step_is_on() or user.is_verified():
        return True
    pk = request.session.get(BROWSER)
    return pk is not None and browsers.is_trusted(user, pk)


def needs_another_way(request: HttpRequest) -> bool:
    """In by a way that may not be the only one, as the office has it, and there is none that may. Nobody else is looked
    up."""
    user: User = request.user  # type: ignore[assignment]  # asked of who is in
    if not user.two_step_is_on() or not user.is_verified() or user.otp_device.way in settings.SECOND_STEPS_ALONE:
        return False
    return not ways.can_stand_alone(ways.of(user))


class Over(StrEnum):
    """Why somebody is out who was in."""

    OLD = auto()
    TEMPORARY = auto()
    IDLE = auto()
    ELSEWHERE = auto()  # said by its owner in another browser, or by the office


def over(request: HttpRequest) -> Over | None:
    """Sessions end a fixed time after the sign-in, however busy they are; when nothing was done for long; or when their
    owner signs them out. Of who is still in it is noted that something was done."""
    if not _younger(request.session.get(STARTED_AT), lifetime(request)):
        return Over.TEMPORARY if is_temporary(request) else Over.OLD
    user: User = request.user  # type: ignore[assignment]  # asked of who is signed in
    if SIGN_IN not in request.session:
        _adopt(request, user)
    row = signins.find(user, sign_in(request))
    if row is None:
        return Over.ELSEWHERE
    if row.is_idle(settings.IDLE_LIFETIME):
        return Over.IDLE
    if user.is_staff and row.is_idle(settings.IDLE_LIFETIME_OF_STAFF):
        request.session[OFFICE_CLOSED] = True
    if not asks_by_itself(request):
        signins.see(row, clients.address(request))
    vars(request)["seen_at"] = row.seen_at
    return None


def asks_by_itself(request: HttpRequest) -> bool:
    """A page that looks whether something has changed: nobody has done anything. Who says so falsely is out sooner."""
    return request.method == "GET" and ("HX-Request" in request.headers or "X-By-Itself" in request.headers)


def idle_left(request: HttpRequest, *, in_office: bool = False) -> int | None:
    """Seconds until the session ends if nothing is done; `in_office`: or until the administration closes. None: it does
    not, or nobody is in."""
    seen_at: datetime | None = vars(request).get("seen_at")
    lifetimes = [settings.IDLE_LIFETIME, *([settings.IDLE_LIFETIME_OF_STAFF] if in_office else [])]
    if seen_at is None or not any(lifetimes):
        return None
    if in_office and office_is_closed(request):
        return 0
    return max(ceil((seen_at + min(filter(None, lifetimes)) - timezone.now()).total_seconds()), 0)


def office_is_closed(request: HttpRequest) -> bool:
    """Nothing was done for a while, so the administration asks for a second step anew."""
    return OFFICE_CLOSED in request.session


def sign_in(request: HttpRequest) -> str:
    """Which of the owner's sign-ins this is."""
    return str(request.session.get(SIGN_IN, ""))


def _note_sign_in(request: HttpRequest, user: User) -> None:
    signins.note(
        user,
        sign_in(request),
        clients.look(request),
        signed_in_at=_signed_in_at(request),
        ends_at=ends_at(request),
        is_temporary=is_temporary(request),
    )


def _adopt(request: HttpRequest, user: User) -> None:
    """A session of before there was the list. If tokens hang on it, the migration has made its row, which may have gone
    since. Otherwise it gets one; two of its requests may come at once."""
    named = request.session.get(AUTHORIZED)
    request.session[SIGN_IN] = named or store.digest(request.session.session_key or "")[:32]
    if named is None:
        _note_sign_in(request, user)


def stay(request: HttpRequest, user: User) -> None:
    """All sessions of the account have ended, by a new password or at its owner's wish: this one goes on, alone."""
    update_session_auth_hash(request, user)
    _note_sign_in(request, user)
    signins.end_others(user, sign_in(request))


def code_is_fresh(request: HttpRequest) -> bool:
    verified = request.user.is_authenticated and request.user.is_verified()
    return verified and _younger(request.session.get(CODE_AT), settings.FRESH_CODE_LIFETIME)


def code_session(request: HttpRequest) -> str:
    """What binds a code to this session; empty before the first one was asked for."""
    return str(request.session.get(CODE_SESSION, ""))


def new_code_session(request: HttpRequest) -> str:
    """It stays when the session's key changes, and ends with the sign-in."""
    return str(request.session.setdefault(CODE_SESSION, secrets.token_hex(16)))


# --- What other sites were given (webmail) ---------------------------------------------------------------------------


def authorize(request: SignedInRequest) -> Authorization:
    """What tokens of this sign-in hang on. As it stands now: the second step and the browser that it has passed
    with."""
    return authorizations.begin(
        request.user,
        request.session.setdefault(AUTHORIZED, sign_in(request)),
        signed_in_at=_signed_in_at(request),
        ends_at=ends_at(request),
        device=request.user.otp_device if request.user.is_verified() else None,
        browser=browsers.live(request.user).filter(pk=request.session.get(BROWSER) or 0).first(),
    )


def signed_in_since(request: HttpRequest) -> float:
    """How many seconds ago."""
    return _now() - float(request.session[STARTED_AT])


def _end_sign_in(request: HttpRequest) -> None:
    if key := request.session.pop(AUTHORIZED, None):
        authorizations.end(key)
    if key := request.session.pop(SIGN_IN, None):
        signins.end(key)


def end(request: HttpRequest) -> None:
    """Out, here and in every site that this sign-in opened."""
    _end_sign_in(request)
    logout(request)


def close(request: HttpRequest, why: Over) -> None:
    """It ended by itself. Where it was idle, and webmail hangs on it, that goes on by its own limits, until somebody
    signs in here anew, or out (docs/decisions/0058-idle.md)."""
    user: User = request.user  # type: ignore[assignment]  # asked of who is signed in
    stays = {key: request.session[key] for key in (SIGN_IN, AUTHORIZED) if key in request.session}
    if why is Over.IDLE and AUTHORIZED in stays:
        logout(request)
        request.session.update(stays)
    else:
        end(request)
    request.session[ENDED] = {"why": why, "user": user.pk if why in (Over.IDLE, Over.OLD) else None}


def ended(request: HttpRequest) -> Over | None:
    """Why somebody was signed out who was in here last."""
    held = request.session.get(ENDED)
    return Over(held["why"]) if held else None


# --- Steps of a page that come one after the other -------------------------------------------------------------------


def remember(request: HttpRequest, step: str, value: object) -> None:
    request.session[step] = {"value": value, "at": _now()}


def recall(request: HttpRequest, step: str) -> object | None:
    """What was remembered, for as long as a half-way sign-in lives."""
    held = request.session.get(step)
    return held["value"] if isinstance(held, dict) and _younger(held["at"], settings.HALFWAY_LIFETIME) else None


def drop(request: HttpRequest, *steps: str) -> None:
    for step in steps:
        request.session.pop(step, None)


# --- At night --------------------------------------------------------------------------------------------------------


def delete_expired() -> None:
    Session.objects.filter(expire_date__lt=timezone.now()).delete()
