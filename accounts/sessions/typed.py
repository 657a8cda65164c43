"""What somebody had typed into a form that came after the end of the session: its owner gets it back. Never a secret,
nor what a page has written itself."""

from collections.abc import Mapping

from django.http import HttpRequest

from accounts.sealing import contents
from accounts.sessions.storage import notes
from accounts.sessions.storage.keys import ENDED, TYPED
from accounts.users.models import User

LONGEST = 4_000  # characters of all of it; a session is read with each page
# Written by the page (tests/house/test_seen.py), or by the site for each form.
NOT_TYPED = {
    "act", "action", "browser", "csrfmiddlewaretoken", "entry", "flow", "index", "next", "page",
    "select_across", "version",
}  # fmt: skip
SECRET = ("code", "password", "secret", "token", "key")  # parts of names


def of(form: Mapping[str, object]) -> dict[str, str]:
    """By the names of the fields."""
    texts = {name: text for name, text in form.items() if isinstance(text, str)}
    found = {name: text.strip() for name, text in texts.items() if _is_typed(name, text)}
    return found if sum(map(len, found.values())) <= LONGEST else {}


def _is_typed(name: str, text: str) -> bool:
    is_secret = any(part in name.lower() for part in SECRET)
    is_ticked = text == "on"
    return not (is_secret or is_ticked or name in NOT_TYPED or name.startswith("_")) and len(text.strip()) > 1


def keep(request: HttpRequest, texts: dict[str, str]) -> None:
    """For when the same person comes back to the page of the form: who is in, or was in here last."""
    owner = request.user.pk or request.session.get(ENDED, {}).get("user")
    if texts and owner:
        notes.remember(request, TYPED, {"user": owner, "page": request.path, "texts": contents.packed(texts)})


def take(request: HttpRequest) -> dict[str, str]:
    """What had been typed into a form of this page, once."""
    held = notes.recall(request, TYPED)
    if not isinstance(held, dict) or held["page"] != request.path or held["user"] != request.user.pk:
        return {}
    notes.drop(request, TYPED)
    return dict(contents.unpacked(held["texts"]) or {})


def held_for(request: HttpRequest, user: User) -> dict[str, object]:
    """What goes over into the next half-way session of its owner."""
    held = notes.recall(request, TYPED)
    return {TYPED: request.session[TYPED]} if isinstance(held, dict) and held["user"] == user.pk else {}
