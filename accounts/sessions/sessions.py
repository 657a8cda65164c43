"""Who is in: since when, by which second step, and how recently it was taken."""

import secrets

import django_otp
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, login, logout, update_session_auth_hash
from django.http import HttpRequest
from django.utils.crypto import salted_hmac
from django.utils.translation import get_language

from accounts.browsers import browsers
from accounts.browsers.models import TrustedBrowser
from accounts.elsewhere import sources
from accounts.sessions import authorizations, clients, signins
from accounts.sessions.storage import keys, lifetimes, store
from accounts.users import ways
from accounts.users.models import User
from accounts.users.ways import Device, Way

# Where the second step is taken once more by each way.
CONFIRM_PAGES = {
    Way.PHONE: "confirm",
    Way.APP: "confirm_app",
    Way.PASSKEY: "confirm_passkey",
    Way.RECOVERY: "confirm_recovery",
}


class SignedInRequest(HttpRequest):
    """What a page behind the middleware is given; a name for its type."""

    user: User


def open_for(
    request: HttpRequest, user: User, *, device: Device | None = None, browser: TrustedBrowser | None = None
) -> None:
    """Sign in, under a new session key. `device`: the second step was taken by it. `browser`: it is trusted."""
    temporary = lifetimes.will_be_temporary(request)
    end_sign_in(request)
    for key in keys.OF_ONE_SIGN_IN:
        request.session.pop(key, None)
    if user.language != get_language():  # Notices come in the language that the person last signed in with.
        User.objects.filter(pk=user.pk).update(language=get_language())
    request.session.cycle_key()
    login(request, user, backend=getattr(user, "backend", None) or request.session[BACKEND_SESSION_KEY])
    request.session[keys.STARTED_AT] = lifetimes.now()
    request.session[keys.TEMPORARY] = temporary
    request.session[keys.SIGN_IN] = secrets.token_hex(16)
    _note_sign_in(request, user, is_new=True)
    if device:
        _verify(request, device)
    if browser:
        request.session[keys.BROWSER] = browser.pk


def note_second_step(request: HttpRequest, device: Device) -> None:
    """The session is verified, and the pages that ask for a fresh second step are open. By the ways as its owner had
    them when this one was taken: of what has changed meanwhile in another browser, this session ends too."""
    request.session.cycle_key()
    _verify(request, device)


def _verify(request: HttpRequest, device: Device) -> None:
    django_otp.login(request, device)
    request.session[keys.WAYS] = device.user.ways_version
    request.session[keys.CODE_AT] = lifetimes.now()
    request.session.pop(keys.OFFICE_CLOSED, None)


def go_on(request: HttpRequest, user: User) -> None:
    """One of its owner's ways was changed in this session, which stays as it is; all others are asked anew."""
    if keys.WAYS in request.session:
        request.session[keys.WAYS] = user.ways_version


def is_by_former_ways(request: HttpRequest, user: User) -> bool:
    """The second step was taken before one of the ways was added, changed or removed."""
    return bool(request.session.get(keys.WAYS, 0) != user.ways_version)


def has_passed(request: HttpRequest) -> bool:
    """The one answer to whether this session may see anything but the sign-in pages."""
    if not request.user.is_authenticated:
        return False
    user: User = request.user
    if not user.two_step_is_on() or user.is_verified() or is_by_both_steps_elsewhere(request):
        return True
    pk = request.session.get(keys.BROWSER)
    return pk is not None and browsers.is_trusted(user, pk)


def is_by_both_steps_elsewhere(request: HttpRequest) -> bool:
    """As long as the office counts them. What asks for a fresh second step asks for one of Mailkey's own."""
    source = request.session.get(keys.SOURCE)
    return source is not None and sources.both_steps_since(source) is not None


def note_both_steps(request: HttpRequest, source: str) -> None:
    request.session[keys.SOURCE] = source


def needs_another_way(request: HttpRequest) -> bool:
    """As the office has it, there is none that may be the only one. Who came in by one that may is not looked up."""
    user: User = request.user  # type: ignore[assignment]  # asked of who is in
    if not user.two_step_is_on() or (user.is_verified() and user.otp_device.way in settings.SECOND_STEPS_ALONE):
        return False
    return not ways.is_ready(user)


def code_is_fresh(request: HttpRequest) -> bool:
    verified = request.user.is_authenticated and request.user.is_verified()
    return verified and lifetimes.is_young(request.session.get(keys.CODE_AT), settings.FRESH_CODE_LIFETIME)


def code_session(request: HttpRequest) -> str:
    """What binds a code to this session; empty before the first one was asked for."""
    return str(request.session.get(keys.CODE_SESSION, ""))


def new_code_session(request: HttpRequest) -> str:
    """It stays when the session's key changes, and ends with the sign-in."""
    return str(request.session.setdefault(keys.CODE_SESSION, secrets.token_hex(16)))


def begin_code_session(request: HttpRequest, user: User) -> str:
    """For a sign-in that begins. The same for each that this person begins in this browser: with an answer that was
    lost went the new session's key, and the code that was sent must not go with it."""
    if cookie := request.COOKIES.get(settings.PRESS_COOKIE_NAME):
        known = salted_hmac("accounts.sessions.code_session", f"{cookie}\n{user.pk}", algorithm="sha256")
        request.session[keys.CODE_SESSION] = known.hexdigest()[:32]
    return new_code_session(request)


def note_event(request: HttpRequest, pk: int) -> None:
    """The event of this sign-in in the security log: its owner finds the present browser by it."""
    request.session[keys.EVENT] = pk


def event(request: HttpRequest) -> int | None:
    pk = request.session.get(keys.EVENT)
    return pk if isinstance(pk, int) else None


def note_arrival(request: HttpRequest, pk: int) -> None:
    """The password was compared elsewhere (accounts/elsewhere/models.py): this sign-in ends when it ends there."""
    request.session[keys.ARRIVAL] = pk


def arrival(request: HttpRequest) -> int | None:
    pk = request.session.get(keys.ARRIVAL)
    return pk if isinstance(pk, int) else None


def sign_in(request: HttpRequest) -> str:
    """Which of the owner's sign-ins this is."""
    return str(request.session.get(keys.SIGN_IN, ""))


def _note_sign_in(request: HttpRequest, user: User, *, is_new: bool = False) -> None:
    signins.note(
        user,
        sign_in(request),
        clients.look(request),
        signed_in_at=lifetimes.signed_in_at(request),
        ends_at=lifetimes.ends_at(request),
        is_temporary=lifetimes.is_temporary(request),
        is_new=is_new,
    )


def adopt(request: HttpRequest, user: User) -> None:
    """A session of before there was the list. If tokens hang on it, the migration has made its row, which may have gone
    since. Otherwise it gets one; two of its requests may come at once."""
    named = request.session.get(keys.AUTHORIZED)
    request.session[keys.SIGN_IN] = named or store.digest(request.session.session_key or "")[:32]
    if named is None:
        _note_sign_in(request, user)


def stay(request: HttpRequest, user: User) -> None:
    """All sessions of the account have ended, by a new password or at its owner's wish: this one goes on, alone."""
    update_session_auth_hash(request, user)
    _note_sign_in(request, user)
    signins.end_others(user, sign_in(request))


def end_sign_in(request: HttpRequest) -> None:
    """And what other sites were given by it. The session itself may go on, for another one."""
    if key := request.session.pop(keys.AUTHORIZED, None):
        authorizations.end(key)
    if key := request.session.pop(keys.SIGN_IN, None):
        signins.end(key)


def end(request: HttpRequest) -> None:
    """Out, here and in every site that this sign-in opened."""
    end_sign_in(request)
    logout(request)
