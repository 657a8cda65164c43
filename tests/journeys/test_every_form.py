"""Every form of the site, in a real Chromium with scripts: pressed twice while the answer is on its way, it is sent
once, and says so. Nothing leaves the browser: what would be sent is counted, and stopped."""

import re
from collections.abc import Callable
from itertools import cycle
from typing import Any

import pytest
from playwright.sync_api import Page
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from accounts.phones.models import Phone
from tests.conftest import MakeUser
from tests.kit import visitors
from tests.kit.people import Person
from tests.kit.servers.browser import Open
from tests.kit.share import share
from tests.kit.sitemap import Addresses, places
from tests.kit.tabs import forms

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

VISITORS = [visitors.nobody, visitors.halfway, visitors.halfway_without_phone, visitors.signed_in, visitors.clerk]
DELAYS = (10, 30, 80, 150, 300)  # ms between the presses, in turn
# By the browser's own means, for some forms are in menus that are folded. What comes back: how often it would have been
# sent, and what the button says of itself then.
PRESS = """([n, by, delay]) => new Promise(tell => {
    const form = document.querySelectorAll('form[method="post"]')[n];
    form.noValidate = true; // it is about what is sent, not about what is entered
    if (form.elements.answer) form.elements.answer.value = "{}"; // the device has answered
    const button = form.querySelector("[type=submit]:not([disabled]), button:not([type]):not([disabled])");
    if (!button) return tell(null);
    let sent = 0;
    addEventListener("submit", event => { // after those of the page
        if (!event.defaultPrevented) sent += 1;
        event.preventDefault();
    });
    const press = () => by === "click" ? button.click() : form.requestSubmit(button);
    press();
    setTimeout(() => {
        press();
        setTimeout(() => tell([sent, button.getAttribute("aria-disabled")]));
    }, delay);
})"""


def shapes(person: Person, addresses: Addresses) -> dict[tuple[str, tuple[str, ...]], tuple[str, int]]:
    """Each form once, with a page that it stands on and its place there."""
    found: dict[tuple[str, tuple[str, ...]], tuple[str, int]] = {}
    for place in places():
        path = addresses.of(place)
        response = person.get(path)
        if response.status_code == 200 and response.headers["Content-Type"].startswith("text/html"):
            for n, form in enumerate(forms(path, response.content.decode())):
                found.setdefault((re.sub(r"\d+", "N", form.action), tuple(sorted(form.hidden))), (path, n))
    return found


def complaint(page: Page, path: str, n: int, by: str, delay: int) -> str:
    page.goto(path)
    told = page.evaluate(PRESS, [n, by, delay])
    if told in (None, [1, "true"]):  # none: all its buttons are grey
        return ""
    return f"{path}: form {n} by {by} within {delay} ms: sent {told[0]} times, locked: {told[1]}"


@pytest.mark.parametrize("visitor", VISITORS, ids=lambda visitor: visitor.__name__)
def test_pressed_twice_it_is_sent_once(
    visitor: Callable[[MakeUser], Person],
    make_user: MakeUser,
    open_page: Open,
    live_server: LiveServer,
    settings: Settings,
) -> None:
    owner = make_user("owner", phone="13600136009")
    addresses = Addresses(owner, Phone.objects.get(user=owner))
    person = visitor(make_user)
    page = open_page(base_url=live_server.url, javascript=True)
    cookies: Any = [
        {"name": name, "value": cookie.value, "url": live_server.url}
        for name, cookie in person.cookies.items()
        if cookie.value
    ]
    page.context.add_cookies(cookies)
    ways = cycle([(by, delay) for delay in DELAYS for by in ("click", "Enter")])
    asked = shapes(person, addresses)
    found = [said for path, n in share(asked.values(), 3) if (said := complaint(page, path, n, *next(ways)))]
    assert not found, "\n".join(found)
    assert asked
