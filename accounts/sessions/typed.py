"""What somebody had typed into a form that came after the end of the session: its owner gets it back. Never a secret,
nor what a page has written itself."""

from collections.abc import Mapping

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
