"""What others are given by a sign-in: sites (webmail), and mail programs."""

from datetime import datetime

from django.conf import settings
from django.http import HttpRequest

from accounts.browsers import browsers
from accounts.browsers.models import TrustedBrowser
from accounts.sessions import authorizations, sessions
from accounts.sessions.models import Authorization
from accounts.sessions.sessions import SignedInRequest
from accounts.sessions.storage import lifetimes, notes
from accounts.sessions.storage.keys import AGAIN, AUTHORIZED, BROWSER, PROGRAM, STARTED_AT


def authorize(request: SignedInRequest) -> Authorization:
    """What tokens of this sign-in hang on."""
    session = request.session.setdefault(AUTHORIZED, sessions.sign_in(request))
    return _begin(request, session, _browser(request), lifetimes.ends_at(request))


def may_let_a_program_in(request: SignedInRequest) -> bool:
    """As an app password is made: by who has just signed in. Each sign-in lets one in, so that one which was ended does
    not come back by the session of its window."""
    is_new = lifetimes.is_young(request.session.get(STARTED_AT), settings.FRESH_CODE_LIFETIME)
    return is_new and PROGRAM not in request.session


def let_program_in(request: SignedInRequest) -> Authorization:
    """It goes on when the browser signs out, or signs in as somebody else: one program may hold several mailboxes."""
    request.session[PROGRAM] = True
    browser = _browser(request)
    ends_at = _end_of_program(request, browser)
    return _begin(request, sessions.sign_in(request), browser, ends_at, is_program=True)


def _end_of_program(request: SignedInRequest, browser: TrustedBrowser | None) -> datetime:
    """At the latest. It is not left behind by a temporary sign-in."""
    if lifetimes.is_temporary(request):
        return lifetimes.ends_at(request)
    ends_at = lifetimes.signed_in_at(request) + settings.MAIL_PROGRAM_LIFETIME
    return min(ends_at, browser.expires_at) if browser else ends_at


def _browser(request: SignedInRequest) -> TrustedBrowser | None:
    return browsers.live(request.user).filter(pk=request.session.get(BROWSER) or 0).first()


def _begin(
    request: SignedInRequest,
    session: str,
    browser: TrustedBrowser | None,
    ends_at: datetime,
    *,
    is_program: bool = False,
) -> Authorization:
    """As it stands now: by the second step and the browser that the sign-in has passed with."""
    begun = authorizations.begin(
        request.user,
        session,
        signed_in_at=lifetimes.signed_in_at(request),
        ends_at=ends_at,
        device=request.user.otp_device if request.user.is_verified() else None,
        browser=browser,
        is_program=is_program,
    )
    if sessions.is_by_both_steps_elsewhere(request):
        authorizations.note_elsewhere(begun)
    return begun


def ask_again(request: HttpRequest, path: str) -> None:
    """Of who is in: an application wants a sign-in of now. Any page of the web can lead here, so nothing ends by it."""
    notes.remember(request, AGAIN, path)


def is_asked_again(request: HttpRequest, path: str) -> bool:
    """For the sake of this page."""
    return bool(path) and notes.recall(request, AGAIN) == path
