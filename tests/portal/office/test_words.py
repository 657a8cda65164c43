"""The administration in Chinese: no word of another language, and no stiff one of Django's."""

import json
import re
from html import unescape
from html.parser import HTMLParser

from django.utils import translation
from django.utils.translation import gettext, ngettext

from accounts.bans import failures
from accounts.phones.models import Phone
from portal.office import django_words
from tests.conftest import MakeUser
from tests.kit.people import Person
from tests.kit.sitemap import Addresses, places

# Names, and what is called so in Chinese too; and what the rows of this test hold.
NAMES = re.compile(
    r"Mailkey|Firefox|Linux|CSV|XLSX|IMAP|POP|SMTP|DAV|ActiveSync|IP|ID|UTF|GBK|Big|OpenID|Issuer|JSON|Lines|PKCE|Roundcube|Sieve|doveadm|sieve"
    r"|zh|hans|en|SHARED|NETWORKS|DOVEADM|URLS|memory|Wiki|wiki|people|csv|desk|itoffice|owner|abroad|Mail|imap|app|QQ"
)
READ_ALOUD = ("alt", "title", "placeholder", "aria-label", "data-filter-title")
# Django's Chinese, where an office would say it otherwise.
STIFF = re.compile(
    r"[\u4e00-\u9fff] (?:来修改|不存在)|选择 |^ ?以 |增加 |注销|最近动作|你的|你确|无可选的|站点|帐号|帐户"
    r"|[\u4e00-\u9fff][:?!]$"
)
# Commands, and what Django's own checks say.
FINDINGS = re.compile(r'<table class="examination">.*?</table>', re.DOTALL)
LISTED = re.compile(r"[\u4e00-\u9fff]+:( \d+)?")  # what Django lists of that which goes with a row


class Texts(HTMLParser):
    """What is read on a page, by eye or ear."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in ("script", "style", "code", "textarea")
        held = dict(attrs)
        self.found += [held[name] or "" for name in READ_ALOUD if name in held]
        if tag == "input" and held.get("type") in ("submit", "button"):
            self.found.append(held.get("value") or "")

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in ("script", "style", "code", "textarea")

    def handle_data(self, data: str) -> None:
        if not self._silent and data.strip():
            self.found.append(data.strip())


def texts(page: str) -> list[str]:
    reader = Texts()
    reader.feed(page)
    return reader.found


def foreign(text: str) -> list[str]:
    # Addresses, names of settings, placeholders, names of requests.
    text = re.sub(r"\S*[@/_{}=]\S*|\{[^}]*\}|\b[0-9a-f]{16}\b", " ", text)
    return [word for word in re.findall(r"[A-Za-z]{2,}", text) if not NAMES.fullmatch(word)]


def test_every_page_is_in_chinese(office: Person, make_user: MakeUser) -> None:
    owner = make_user("owner", name="王五", phone="13600136009", department="文学院")
    addresses = Addresses(owner, Phone.objects.get(user=owner))
    found = []
    for place in places():
        if not place.route.startswith("admin/") or "jsi18n" in place.route:
            continue
        response = office.get(addresses.of(place), headers={"accept-language": "zh-hans"})
        if response.status_code != 200 or not response.headers["Content-Type"].startswith("text/html"):
            continue
        found += [
            f"{place.route}: {text[:120]!r} {foreign(text)}"
            for text in texts(unescape(FINDINGS.sub("", response.content.decode())))
            if foreign(text) or (STIFF.search(text) and not LISTED.fullmatch(text))
        ]
    assert not found, "\n".join(dict.fromkeys(found))


def test_what_scripts_say_is_said_otherwise_too(office: Person) -> None:
    words = office.get("/admin/jsi18n/", headers={"accept-language": "zh-hans"}).content.decode()
    assert json.dumps("已选 %(sel)s 项，共 %(cnt)s 项") in words
    assert "catalog" in office.get("/admin/jsi18n/", headers={"accept-language": "en"}).content.decode()


def test_what_is_named_is_said_otherwise() -> None:
    with translation.override("zh-hans"):
        assert not [word for word in django_words.SAID_OTHERWISE if gettext(word) == word]
        assert ngettext(*COUNTED, 2) == "已选全部 %(total_count)s 项"


COUNTED = ("%(total_count)s selected", "All %(total_count)s selected")


def test_filters_are_named_for_what_they_choose(office: Person) -> None:
    failures.note_failure("198.51.100.7", "wangwu@example.edu", "wrong", "web")
    page = office.get("/admin/bans/ban/", headers={"accept-language": "zh-hans"}).content.decode()
    assert 'data-filter-title="封禁范围"' in page
    page = office.get("/admin/bans/failure/", headers={"accept-language": "zh-hans"}).content.decode()
    assert re.search(r'"\?channel=web">\s*网页\s*<', page)
