"""What other sites are given by a sign-in: webmail."""

from django.http import HttpRequest

from accounts.browsers import browsers
from accounts.sessions import authorizations, sessions
from accounts.sessions.models import Authorization
from accounts.sessions.sessions import SignedInRequest
from accounts.sessions.storage import lifetimes, notes
from accounts.sessions.storage.keys import AGAIN, AUTHORIZED, BROWSER


def authorize(request: SignedInRequest) -> Authorization:
    """What tokens of this sign-in hang on. As it stands now: the second step and the browser that it has passed
    with."""
    begun = authorizations.begin(
        request.user,
        request.session.setdefault(AUTHORIZED, sessions.sign_in(request)),
        signed_in_at=lifetimes.signed_in_at(request),
        ends_at=lifetimes.ends_at(request),
        device=request.user.otp_device if request.user.is_verified() else None,
        browser=browsers.live(request.user).filter(pk=request.session.get(BROWSER) or 0).first(),
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
