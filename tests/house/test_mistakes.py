"""Every form of the site, sent as nobody should: what is wrong is said where it is, and the way on is at hand.

The forms are found by walking the addresses, so that one to come cannot forget it."""

import re
from collections.abc import Callable, Iterator
from http.cookies import SimpleCookie

import pytest
from django.db import transaction

from accounts.phones.models import Phone
from tests.conftest import MakeUser
from tests.house.test_forms import pages
from tests.kit import visitors
from tests.kit.people import Person
from tests.kit.sitemap import Addresses
from tests.kit.tabs import attribute, forms

VISITORS = [visitors.nobody, visitors.halfway, visitors.halfway_without_phone, visitors.signed_in]
INPUT = re.compile(r"<input\b[^>]*>")
TEXTS = ("text", "tel", "password")
WRONG = ("", "x7Kd9Qm2Lp4Rt8Wz")


def typed(content: str) -> list[str]:
    return [attribute(field, "name") for field in INPUT.findall(content)
            if attribute(field, "type") in TEXTS and " hidden" not in field]  # fmt: skip


def complaints(content: str) -> Iterator[str]:
    title = re.search("<title>(.*?)</title>", content, re.DOTALL)
    if not title or not title[1].startswith("错误："):
        yield "the title does not begin with it"
    fields = {attribute(field, "id"): field for field in INPUT.findall(content)}
    wrong = [field for field in fields.values() if 'aria-invalid="true"' in field]
    for field in wrong:
        described = attribute(field, "aria-describedby").split()
        if f"{attribute(field, 'id')}_error" not in described:
            yield f"{field} does not name its reason"
        if not re.search(rf'id="{attribute(field, "id")}_error" role="alert"', content):
            yield f"{field} has no reason beside it"
        if attribute(field, "type") == "password" and attribute(field, "value"):
            yield f"{field} comes back with a password"
    focused = re.findall(r"<(?:input|button)\b[^>]* autofocus\b[^>]*>", content)
    if not focused or not any(
        one in focused[0] for one in ('aria-invalid="true"', 'type="password"', 'name="send"', "data-asks")
    ):
        yield f"the caret is not where to go on: {focused}"


@pytest.mark.parametrize("visitor", VISITORS, ids=lambda visitor: visitor.__name__)
def test_every_form_that_is_filled_in_wrong(visitor: Callable[[MakeUser], Person], make_user: MakeUser) -> None:
    owner = make_user("owner", phone="13600136009")
    addresses = Addresses(owner, Phone.objects.get(user=owner))
    person = visitor(make_user)
    found, tried = [], set()
    for page, content in pages(person, addresses):
        for form in forms(page, content):
            names = typed(form.content)
            if not names or (form.action, *names) in tried:
                continue
            tried.add((form.action, *names))
            for text in WRONG:
                cookies, start = SimpleCookie(person.cookies), transaction.savepoint()
                answer = person.post(form.action, form.hidden | dict.fromkeys(names, text))
                if answer.status_code == 200:
                    said = complaints(answer.content.decode())
                    found += [f"{form.action} {names} {text!r}: {complaint}" for complaint in said]
                transaction.savepoint_rollback(start)
                person.cookies = cookies
    assert not found, "\n".join(found)
    assert tried, "no form is filled in"
