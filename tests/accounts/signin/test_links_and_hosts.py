"""No address that somebody else chose is led to, and no host that somebody else named is believed."""

import re
from datetime import timedelta
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from pytest_django import Settings

from tests.conftest import MakeUser
from tests.kit.people import NUMBER, Person, code_from_phone

ELSEWHERE = [
    "//evil.example", "///evil.example", "////evil.example/x", "/\\evil.example", "\\\\evil.example", "\\/evil.example",
    "https://evil.example", "https:evil.example", "http:///evil.example", "HTTPS://evil.example", "\t//evil.example",
    "/\t/evil.example", "/\n/evil.example", "\n//evil.example", " //evil.example", "\0//evil.example",
    "javascript:alert(1)", "data:text/html,x", "//user@evil.example", "https://testserver@evil.example",
    "https://testserver/", "http://testserver:80@evil.example/", "@evil.example", "evil.example", ".evil.example",
    "//evil。example", "//[::1]/", "///[evil", "%2f%2fevil.example", "ftp://evil.example", "/\x0b/evil.example",
]  # fmt: skip


@pytest.mark.bypass("row 39: allauth 65.14.1, Django CVE-2018-14574, CVE-2016-2512, mailcow CVE-2026-40878")
@pytest.mark.parametrize("target", ELSEWHERE)
def test_next_leads_nowhere_else(make_user: MakeUser, settings: Settings, target: str) -> None:
    settings.SMS_RESEND_AFTER = timedelta(0)
    lisi, wangwu = Person(make_user("lisi", two_step=False)), Person(make_user("wangwu", phone=NUMBER))
    answers: list[Any] = [lisi.enter_password(next=target)]
    if "\0" in target:
        assert answers[0].status_code == 400
        return
    wangwu.enter_password(next=target)
    answers.append(wangwu.enter_code())
    wangwu.post("/security/confirm/", {"next": target})
    answers.append(wangwu.post("/security/confirm/", {"next": target, "code": code_from_phone()}))
    for path in ("/sign-in/", "/admin/login/", "/security/confirm/"):
        answers.append(lisi.get(path, {"next": target}))
        answers.append(Person().get(path, {"next": target}))
    answers.append(Person().post("/language/", {"language": "en", "next": target}))
    for response in answers:
        location = response.headers.get("Location", "/")
        assert urlsplit(urljoin("http://testserver/language/", location)).netloc == "testserver", location
        assert not re.match(r"[\s\\]|/[/\\\s]", location), location  # what browsers read as //


def test_a_page_that_asks_to_confirm_leads_on_to_where_it_was_asked_for(wangwu: Person, settings: Settings) -> None:
    """By the form or, without one of its own, by the address."""
    settings.SMS_RESEND_AFTER = timedelta(0)
    wangwu.arrive()
    for path, form in (("/security/confirm/", {"next": "/guides/"}), ("/security/confirm/?next=/guides/", {})):
        wangwu.post(path, {"send": "1", **form})
        answer = wangwu.post(path, {"code": code_from_phone(), **form})
        assert answer.headers["Location"] == "/guides/"


@pytest.mark.bypass("row 40: phpBB CVE-2026-29199, Monica CVE-2026-26747")
@pytest.mark.parametrize(
    "host", ["evil.example", "testserver.evil.example", "testserver:80@evil.example", "testserver, evil", "["]
)
@pytest.mark.parametrize("path", ["/", "/sign-in/", "/admin/", "/health/live"])
def test_a_foreign_host_is_refused(zhangsan: Person, host: str, path: str) -> None:
    assert zhangsan.get(path, headers={"host": host}).status_code == 400


@pytest.mark.bypass("row 40: a host in another header")
def test_no_link_is_built_from_the_host(zhangsan: Person) -> None:
    headers = {"X-Forwarded-Host": "evil.example", "X-Host": "evil.example", "Forwarded": "host=evil.example"}
    for page in ("/", "/sign-in/"):
        response = zhangsan.get(page, headers=headers)
        assert "evil" not in response.content.decode() + str(response.headers)
