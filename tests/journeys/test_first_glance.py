"""Where the eye goes first on a page, as Chromium lays it out."""

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.conftest import MakeUser
from tests.kit.people import Person
from tests.kit.servers.browser import NARROW, WIDE, Open, Scheme, resize

pytestmark = pytest.mark.slow

LOUD = "main .btn-primary, main .btn-danger"
# Of an element's background, seen through what lies under it: 0 is black, 1 is white.
BRIGHTNESS = """element => {
    const of = colour => colour.match(/[\\d.]+/g).map(Number)
    let [red, green, blue, alpha = 1] = of(getComputedStyle(element).backgroundColor)
    const under = of(getComputedStyle(document.body).backgroundColor)
    const mixed = [red, green, blue].map((part, place) => part * alpha + under[place] * (1 - alpha))
    return (0.2126 * mixed[0] + 0.7152 * mixed[1] + 0.0722 * mixed[2]) / 255
}"""


def opened(open_page: Open, live_server: LiveServer, person: Person, scheme: Scheme = "light") -> Page:
    person.sign_in()
    page = open_page(base_url=live_server.url, width=NARROW, scheme=scheme)
    page.context.add_cookies([{"name": "session", "value": person.cookies["session"].value, "url": live_server.url}])
    return page


def top(page: Page, selector: str) -> float:
    box = page.locator(selector).bounding_box()
    assert box
    return box["y"]


def test_a_person_on_a_phone(live_server: LiveServer, open_page: Open, wangwu: Person) -> None:
    page = opened(open_page, live_server, wangwu)
    page.goto("/")
    expect(page.locator("h1 + p")).to_have_text("wangwu@example.edu")
    expect(page.locator("h1 + p")).to_be_visible()
    page.goto("/security/phone/")
    expect(page.locator("main .rows li")).to_have_count(2)
    expect(page.locator(LOUD)).to_have_count(0)
    page.goto("/security/factors/")
    rows = page.locator("main .rows li").count()
    assert rows == 4, "phone, app, passkeys, recovery codes"
    expect(page.locator("main .rows li a > svg:first-child")).to_have_count(rows)
    families = page.evaluate("getComputedStyle(document.body).fontFamily").split(", ")
    assert families.index('"PingFang SC"') < families.index("system-ui"), "or quotation marks are half as wide"


def test_a_warning_does_not_glow_at_night(live_server: LiveServer, open_page: Open, wangwu: Person) -> None:
    page = opened(open_page, live_server, wangwu, "dark")
    page.goto("/security/phone/unbind/")
    panel = page.locator("main .alert-warning")
    assert panel.evaluate(BRIGHTNESS) < 0.2
    resize(page, NARROW, "light")
    assert panel.evaluate(BRIGHTNESS) > 0.8, "the measure itself"


def test_a_clerk_sees_whom_it_is_about_before_what_can_be_done(
    live_server: LiveServer, open_page: Open, make_user: MakeUser, wangwu: Person
) -> None:
    clerk = Person(make_user("clerk", phone="13600136009", is_staff=True, is_superuser=True))
    page = opened(open_page, live_server, clerk)
    assert wangwu.user
    page.goto(reverse("admin:desk", args=[wangwu.user.pk]))
    assert top(page, "#content h1") < top(page, "#account") < top(page, "#acts")
    resize(page, WIDE, "light")
    assert abs(top(page, "#account") - top(page, "#acts")) < 20, "side by side where there is room"
    families = page.evaluate("getComputedStyle(document.body).fontFamily").split(", ")
    assert families.index('"PingFang SC"') < families.index("system-ui")
