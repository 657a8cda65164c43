"""The institution's look: whatever its colour, what is written in it can be read."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from portal import theme
from portal.theme import DARK_PAGE, DARK_PANEL, LIGHT_PAGE, READABLE, WHITE, Color, contrast
from tests.conftest import MakeUser
from tests.kit.people import Person
from tests.kit.servers.browser import Open, violations_in
from tests.portal.test_settings import read

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><circle cx="4" cy="4" r="4" fill="#8c1515"/></svg>'
LIGHT_TEXT, DARK_TEXT = Color(0x1D, 0x27, 0x33), Color(0xDF, 0xE5, 0xEC)  # as in mailkey.css
COLORS = st.builds(Color, *[st.integers(0, 255)] * 3)


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast(Color(0, 0, 0), WHITE) == pytest.approx(21)
    assert contrast(Color(0x77, 0x77, 0x77), WHITE) == pytest.approx(4.48, abs=0.005)


@given(COLORS)
def test_every_shade_can_be_read(color: Color) -> None:
    by_day, by_night = theme.light(color), theme.dark(color)
    pairs = [
        *((by_day.accent, ground) for ground in (WHITE, LIGHT_PAGE, by_day.tint)),
        *((by_day.strong, ground) for ground in (WHITE, LIGHT_PAGE, by_day.tint)),
        *((by_night.accent, ground) for ground in (DARK_PAGE, DARK_PANEL, by_night.tint)),
        *((by_night.strong, ground) for ground in (DARK_PAGE, DARK_PANEL, by_night.tint)),
        (by_day.on_accent, by_day.accent),
        (by_day.on_accent, by_day.strong),
        (by_night.on_accent, by_night.accent),
        (by_night.on_accent, by_night.strong),
        (LIGHT_TEXT, by_day.tint),
        (DARK_TEXT, by_night.tint),
    ]
    as_written = [(theme.parse(str(text)), theme.parse(str(ground))) for text, ground in pairs]
    assert all(contrast(text, ground) > READABLE - 0.05 for text, ground in as_written), pairs


def test_a_colour_that_can_be_read_stays_as_it_is() -> None:
    assert str(theme.light(theme.parse("#8c1515")).accent) == "#8c1515"


@pytest.mark.parametrize("text", ["red", "8c1515", "#8c151", "#8c15155", "#gggggg", "#8c1515;}", ""])
def test_what_is_no_colour_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError):
        theme.parse(text)
    if text:
        with pytest.raises(SystemExit, match="INSTITUTION_COLOR"):
            read(monkeypatch, INSTITUTION_COLOR=text)


def test_what_is_no_picture_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text, large = tmp_path / "logo.html", tmp_path / "logo.png"
    text.write_text("x")
    large.write_bytes(b"x" * 60_000)
    for path in (text, large, tmp_path / "none.svg"):
        with pytest.raises(SystemExit, match="INSTITUTION_LOGO"):
            read(monkeypatch, INSTITUTION_LOGO=str(path))


def test_without_settings_there_is_neither(db: None) -> None:
    assert "theme.css" not in Person().get("/sign-in/").content.decode()
    assert Person().get("/theme.css").status_code == 404
    assert Person().get("/logo").status_code == 404


@pytest.fixture
def dressed(settings: Settings, tmp_path: Path) -> Settings:
    logo = tmp_path / "logo.svg"
    logo.write_text(SVG)
    settings.INSTITUTION_COLOR, settings.INSTITUTION_LOGO = "#ffcc00", str(logo)
    settings.INSTITUTION, settings.INSTITUTION_ENGLISH = "某某大学", "University of Somewhere"
    return settings


def test_colour_and_logo_are_for_everybody_and_are_kept(db: None, dressed: Settings) -> None:
    page = Person().get("/sign-in/")
    for address in (page.context["theme_url"], page.context["logo_url"]):
        assert f'"{address}"' in page.content.decode()
        answer = Person().get(address)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["Cache-Control"]
        assert not answer.cookies
    assert Person().get("/logo").headers["Content-Type"] == "image/svg+xml"
    assert "default-src 'none'" in Person().get("/logo").headers["Content-Security-Policy"]
    before = page.context["theme_url"]
    dressed.INSTITUTION_COLOR = "#1f5fa8"
    assert Person().get("/sign-in/").context["theme_url"] != before


@pytest.mark.parametrize(("language", "name"), [("zh-hans", "某某大学"), ("en", "University of Somewhere")])
def test_the_institution_is_called_in_the_language_of_the_page(
    db: None, dressed: Settings, language: str, name: str
) -> None:
    page = Person(HTTP_ACCEPT_LANGUAGE=language).get("/sign-in/").content.decode()
    assert f"· {name}</title>" in page


@pytest.mark.slow
def test_pages_in_another_colour_are_for_everybody(
    live_server: LiveServer, open_page: Open, dressed: Settings, make_user: MakeUser
) -> None:
    """Yellow, which nobody can read on white."""
    clerk = Person(make_user("clerk", phone="13700137000", is_staff=True, is_superuser=True))
    clerk.arrive()
    page = open_page(base_url=live_server.url)
    session: Any = {"name": "session", "value": clerk.cookies["session"].value, "url": live_server.url}
    found = []
    for path in ("/sign-in/", "/", "/app-passwords/", "/security/phone/", "/admin/", "/admin/accounts/user/"):
        if path == "/":
            page.context.add_cookies([session])
        page.goto(path)
        found += [f"{path} {violation}" for violation in violations_in(page)]
    assert not found, "\n".join(found)
    button = page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--button-bg')").strip()
    assert button != "#1f5fa8"
