"""Every form of the site, found by walking its addresses: each has what tells it apart, and counts once."""

import re
from collections.abc import Callable, Iterator
from http.cookies import SimpleCookie
from typing import Any

import pytest
from django.db import transaction
from django.middleware.csrf import CSRF_TOKEN_LENGTH

from accounts.phones.models import Phone
from accounts.sessions.gate import flows
from tests.conftest import MakeUser
from tests.kit import visitors
from tests.kit.people import Person
from tests.kit.sitemap import Addresses, places
from tests.kit.tabs import Form, forms

VISITORS = [visitors.nobody, visitors.halfway, visitors.halfway_without_phone, visitors.signed_in, visitors.clerk]
BUTTON = re.compile(r'<(?:button|input)\b[^>]*type="submit"[^>]*>')


def pages(person: Person, addresses: Addresses) -> Iterator[tuple[str, str]]:
    for place in places():
        path = addresses.of(place)
        response = person.get(path)
        if response.status_code == 200 and response.headers["Content-Type"].startswith("text/html"):
            yield path, response.content.decode()


def complaints(page: str, content: str, form: Form) -> Iterator[str]:
    if len(form.hidden.get("csrfmiddlewaretoken", "")) != CSRF_TOKEN_LENGTH:
        yield f"{page}: a form without a token of its own: {form.action}"
    if flows.FIELD not in form.hidden:
        yield f"{page}: a form that does not say for whom it is: {form.action}"
    if "forms.js" not in content:
        yield f"{page}: its forms do not lock themselves"


def sent_twice(person: Person, form: Form) -> tuple[Any, Any]:
    """As it stands, and nothing of it remains."""
    cookies, start = SimpleCookie(person.cookies), transaction.savepoint()
    button = next(iter(BUTTON.findall(form.content)), "")
    named = re.search(r'name="([^"]*)"(?:[^>]*value="([^"]*)")?', button)
    entered = form.hidden | ({named[1]: named[2] or "1"} if named else {})
    try:
        first = person.post(form.action, entered)
        person.cookies = SimpleCookie(cookies)  # the first answer never came
        return first, person.post(form.action, entered)
    finally:
        transaction.savepoint_rollback(start)
        person.cookies = cookies


@pytest.mark.parametrize("visitor", VISITORS, ids=lambda visitor: visitor.__name__)
def test_every_form(visitor: Callable[[MakeUser], Person], make_user: MakeUser) -> None:
    owner = make_user("owner", phone="13600136009")
    addresses = Addresses(owner, Phone.objects.get(user=owner))
    person = visitor(make_user)
    found: list[str] = []
    seen: set[tuple[str, tuple[str, ...]]] = set()
    counted = 0
    for page, content in pages(person, addresses):
        for form in forms(page, content):
            found += complaints(page, content, form)
            shape = (form.action, tuple(sorted(form.hidden)))
            if shape in seen:  # at the head and the foot of every page
                continue
            seen.add(shape)
            first, twin = sent_twice(person, form)
            if first.status_code == 302:
                counted += 1
                if (first.headers["Location"], first.cookies.output()) != (
                    twin.headers.get("Location"),
                    twin.cookies.output(),
                ):
                    found.append(f"{page}: {form.action} is answered {first}, then {twin}")
    assert not found, "\n".join(found)
    assert counted, "no form led on"
