"""The handbook of the counter, as it is read in the administration."""

import re
from html import unescape
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders

from portal.office import handbook
from tests.conftest import MakeUser
from tests.kit.officers import NO_ROLE, clerk_with
from tests.kit.people import Person

ROOT = Path(__file__).parents[3]
CATALOGUE = ROOT / "locale/zh_Hans/LC_MESSAGES/django.po"
LABEL = re.compile("“([^”]+)”")


def test_every_clerk_reads_it_from_every_page(make_user: MakeUser) -> None:
    clerk = clerk_with(make_user, NO_ROLE)
    assert "/admin/handbook/" in clerk.get("/admin/").content.decode()
    page = clerk.get("/admin/handbook/").content.decode()
    for id_, name in handbook.read().sections:
        assert f'href="#{id_}"' in page
        assert f'<h2 id="{id_}">{name}</h2>' in page


def test_its_pictures_are_served(office: Person) -> None:
    page = office.get("/admin/handbook/").content.decode()
    pictures = re.findall(r'<img src="/static/(handbook/[^"]+)" alt="([^"]+)"', page)
    assert len(pictures) == page.split('<div class="text">')[1].count("<img")
    for picture, alt in pictures:
        assert finders.find(re.sub(r"\.[0-9a-f]{12}(?=\.png)", "", picture)), alt


@pytest.mark.parametrize("document", [handbook.FILE, Path("docs/people-zh.md")], ids=str)
def test_it_calls_everything_as_the_pages_do(document: Path) -> None:
    """What stands in quotation marks can be found on a page, letter by letter."""
    said = unescape(re.sub(r'"\n"', "", CATALOGUE.read_text()))
    said = re.sub(r"%\(\w+\)s", "…", said).replace(" … ", "…")
    text = (ROOT / document).read_text()
    labels = {label for label in LABEL.findall(text) if label not in ("引号", "同设备")}
    unknown = {label for label in labels if not all(part.strip() in said for part in re.split("……|\\d+", label))}
    assert not unknown


def test_markup_in_it_is_text() -> None:
    assert "<script" not in handbook.read().text
