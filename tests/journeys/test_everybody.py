"""Pages on a slow line, by keyboard alone, without motion, in a system's own colours."""

import gzip
from typing import Any

import pytest
from playwright.sync_api import Page, Response, expect
from pytest_django.live_server_helper import LiveServer

from apppasswords import passwords
from apppasswords.guides import programs
from tests.conftest import MakeUser
from tests.kit.people import NUMBER, PASSWORD, Person, code_from_phone
from tests.kit.servers.browser import Open

pytestmark = pytest.mark.slow

LIMIT = 100_000  # bytes of a page with all that it loads
PAGES = ["/", "/security/phone/", "/security/browsers/", "/security/password/", "/security/activity/",
         "/app-passwords/", "/app-passwords/profile/", "/guides/", "/admin/",
         "/admin/accounts/user/", "/admin/log/securityevent/"]  # fmt: skip
GUIDES = [f"/guides/{slug}/" for slug in programs.BY_SLUG]


def enter(person: Person, page: Page, live_server: LiveServer) -> None:
    session: Any = {"name": "session", "value": person.cookies["session"].value, "url": live_server.url}
    page.context.add_cookies([session])


@pytest.fixture
def clerk(make_user: MakeUser) -> Person:
    """May open everything."""
    person = Person(make_user("clerk", name="陈老师", phone=NUMBER, is_staff=True, is_superuser=True))
    person.sign_in()
    return person


# --- A slow line -----------------------------------------------------------------------------------------------------


def sent(response: Response) -> int:
    """Bytes as WhiteNoise sends what is static, compressed once for all; pages are not compressed."""
    body = response.body()
    is_static = "/static/" in response.url and not response.url.endswith((".png", ".webp", ".woff2"))
    return len(gzip.compress(body)) if is_static else len(body)


@pytest.mark.share(4)
@pytest.mark.parametrize("path", ["/sign-in/", *PAGES, *GUIDES])
def test_a_page_weighs_little(live_server: LiveServer, open_page: Open, clerk: Person, path: str) -> None:
    page = open_page(base_url=live_server.url)
    if path != "/sign-in/":
        enter(clerk, page, live_server)
    loaded: list[Response] = []
    page.on("response", lambda response: loaded.append(response))  # noqa: PLW0108 (Playwright takes no built-in)
    page.goto(path, wait_until="networkidle")
    weights = {response.url.removeprefix(live_server.url): sent(response) for response in loaded if response.ok}
    assert path in weights
    assert sum(weights.values()) < LIMIT, weights


def test_a_line_so_slow_that_neither_style_nor_script_arrives(
    live_server: LiveServer, open_page: Open, make_user: MakeUser
) -> None:
    make_user("wangwu", phone=NUMBER)
    page = open_page(base_url=live_server.url, javascript=False)
    page.route("**/static/**", lambda route: route.fulfill(status=200, body="", content_type="text/css"))
    page.goto("/")
    page.fill("[name=username]", "wangwu")
    page.fill("[name=password]", PASSWORD)
    page.click("main [type=submit]")
    page.fill("[name=code]", code_from_phone(NUMBER))
    page.click("main form.code-form [type=submit]")
    page.goto("/app-passwords/")
    page.fill("[name=name]", "Foxmail")
    page.click("main [type=submit]")
    expect(page.locator(".secret")).to_be_visible()


# --- The keyboard alone ----------------------------------------------------------------------------------------------

FOCUS = """() => {
    const at = document.activeElement;
    if (!at || at === document.body) return null;
    const style = getComputedStyle(at), box = at.getBoundingClientRect();
    return {
        tag: at.tagName,
        name: at.getAttribute("name") || "",
        text: at.innerText || at.getAttribute("aria-label") || "",
        ring: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
        seen: box.width > 1 && box.height > 1,
    };
}"""


def walk(page: Page) -> list[dict[str, Any]]:
    """All that Tab stops at, once around the page and its window."""
    stops: list[dict[str, Any]] = []
    for _ in range(250):
        page.keyboard.press("Tab")
        at = page.evaluate(FOCUS)
        if at and at == (stops and stops[0]):
            return stops
        if at:
            stops.append(at)
    raise AssertionError("the walk does not end")


def tab_to(page: Page, **wanted: str) -> None:
    for _ in range(100):
        page.keyboard.press("Tab")
        at = page.evaluate(FOCUS)
        if at and all(value in at[key] for key, value in wanted.items()):
            return
    raise AssertionError(f"Tab does not come to {wanted}")


@pytest.mark.share(3)
@pytest.mark.parametrize("path", [*PAGES, GUIDES[0]])
def test_wherever_tab_stops_it_is_seen(live_server: LiveServer, open_page: Open, clerk: Person, path: str) -> None:
    assert isinstance(passwords.create(clerk.user, "Foxmail"), tuple) if clerk.user else None
    page = open_page(base_url=live_server.url, language="en-US")
    enter(clerk, page, live_server)
    page.goto(path)
    stops = walk(page)
    if path != "/admin/":  # whose first field has the focus
        assert stops[0]["text"].startswith("Skip to"), "the way past the menu comes first"
    reachable = page.evaluate(
        """() => [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary")]
            .filter(one => one.checkVisibility({visibilityProperty: true}) && !one.disabled && one.tabIndex >= 0
                           && one.type !== "radio").length"""
    )
    assert len([stop for stop in stops if stop["tag"] != "INPUT" or stop["name"]]) >= reachable * 0.95, stops
    if not path.startswith("/admin/"):  # where the focus is drawn by Django's own style
        assert not [stop for stop in stops if not stop["ring"] or not stop["seen"]]


def test_a_whole_day_by_keyboard(live_server: LiveServer, open_page: Open, make_user: MakeUser) -> None:
    """Sign in, make an app password, remove it, sign out."""
    make_user("wangwu", phone=NUMBER)
    page = open_page(base_url=live_server.url, language="en-US")
    page.goto("/")
    expect(page.locator("[name=username]")).to_be_focused()
    page.keyboard.type("wangwu")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/sign-in/code/")
    expect(page.locator("[name=code]")).to_be_focused()
    page.keyboard.type(code_from_phone(NUMBER))
    page.keyboard.press("Enter")
    page.wait_for_url(f"{live_server.url}/")
    tab_to(page, tag="A", text="App passwords")
    page.keyboard.press("Enter")
    page.wait_for_url("**/app-passwords/")
    tab_to(page, name="name")
    page.keyboard.type("Foxmail")
    page.keyboard.press("Enter")
    expect(page.locator(".secret")).to_be_visible()
    tab_to(page, text="Done")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Remove Foxmail")).to_be_visible()
    tab_to(page, name="remove")
    page.keyboard.press("Enter")
    expect(page.get_by_text("The app password is removed.")).to_be_visible()
    page.keyboard.press("Tab")
    tab_to(page, text="Sign out")
    page.keyboard.press("Space")
    page.wait_for_url("**/sign-in/")


# --- Motion and colours ----------------------------------------------------------------------------------------------


def test_nothing_moves_for_who_does_not_want_it(live_server: LiveServer, open_page: Open, clerk: Person) -> None:
    made = passwords.create(clerk.user, "Foxmail") if clerk.user else None
    assert isinstance(made, tuple)
    page = open_page(base_url=live_server.url)
    enter(clerk, page, live_server)
    page.goto(f"/app-passwords/{made[0].pk}/")
    assert page.evaluate("document.getAnimations().length") == 0
    page.emulate_media(reduced_motion="no-preference")
    assert page.evaluate("document.getAnimations().length") == 1


def test_buttons_are_seen_in_a_systems_own_colours(live_server: LiveServer, open_page: Open, clerk: Person) -> None:
    """Windows' high contrast takes backgrounds away: what is left must still look like a button."""
    page = open_page(base_url=live_server.url)
    enter(clerk, page, live_server)
    page.emulate_media(forced_colors="active")
    for path in ("/", "/app-passwords/", "/security/phone/"):
        page.goto(path)
        for button in page.locator("main .btn:visible").all():
            width = button.evaluate("one => parseFloat(getComputedStyle(one).borderTopWidth)")
            assert width >= 1, f"{path} {button.inner_text()}"
