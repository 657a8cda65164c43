"""The same form from two sockets, the second sent before the first is answered, at a real server on both databases."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import psycopg
import pytest
import requests

from tests.kit.people import PASSWORD
from tests.kit.servers import migrated
from tests.kit.servers.site import Site
from tests.kit.tabs import forms

pytestmark = pytest.mark.slow

NAME = "lisi@example.edu"
NEW = "correct-horse-42-staple"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    environment: dict[str, str] = {}
    if request.param == "postgresql":
        url: str = request.getfixturevalue("postgresql")
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("DROP DATABASE IF EXISTS presses WITH (FORCE)")
            connection.execute("CREATE DATABASE presses")
        environment["DATABASE_URL"] = url.rpartition("/")[0] + "/presses"
        migrated.migrate(environment["DATABASE_URL"])
    with Site(**environment) as site:
        if environment:
            site.run("from django.core.management import call_command; call_command('demo', verbosity=0)")
        site.start_web()
        yield site


def browser(site: Site) -> requests.Session:
    session = requests.Session()
    session.headers["Accept-Language"] = "en"
    session.get(f"{site.url}/sign-in/", timeout=30)
    return session


def press(site: Site, session: requests.Session, page: str, times: int, **entered: str) -> list[Any]:
    """The page's form, from so many sockets at once, as one browser would send it."""
    content = session.get(site.url + page, timeout=30).text
    form = next(form for form in forms(page, content) if all(f'name="{name}"' in form.content for name in entered))
    cookies, start = session.cookies.copy(), Barrier(times)

    def send() -> requests.Response:
        start.wait()
        return requests.post(
            site.url + form.action, form.hidden | entered, cookies=cookies, timeout=30, allow_redirects=False
        )

    with ThreadPoolExecutor(times) as pool:
        return [answer.result() for answer in [pool.submit(send) for _ in range(times)]]


def events(site: Site, kind: str) -> int:
    site.run(
        "from accounts.log.models import SecurityEvent; from pathlib import Path; "
        f"Path('{site.folder}/count').write_text(str(SecurityEvent.objects.filter(kind='{kind}').count()))"
    )
    return int(Path(f"{site.folder}/count").read_text())


@pytest.mark.bypass("row 2: MISP CVE-2026-107276: the same twice at once")
def test_both_are_answered_alike_and_it_is_done_once(site: Site) -> None:
    session = browser(site)
    answers = press(site, session, "/sign-in/", 3, username=NAME, password=PASSWORD)
    assert len({(a.status_code, a.headers["Location"], a.headers["Set-Cookie"], a.content) for a in answers}) == 1
    assert answers[0].headers["Location"] == "/"
    assert events(site, "signed_in") == 1

    session.cookies.update(answers[-1].cookies)
    again = {"new_password": NEW, "new_password_again": NEW}
    answers = press(site, session, "/security/password/", 2, old_password=PASSWORD, **again)
    assert len({(a.status_code, a.headers["Location"], a.headers["Set-Cookie"]) for a in answers}) == 1
    session.cookies.update(answers[-1].cookies)
    assert session.get(f"{site.url}/", timeout=30, allow_redirects=False).status_code == 200
    assert events(site, "password_changed") == 1


def test_a_wrong_password_that_is_sent_twice_at_once_is_one_failure(site: Site) -> None:
    before = events(site, "refused")
    answers = press(site, browser(site), "/sign-in/", 2, username="nobody@example.edu", password="wrong")
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].content == answers[1].content
    assert events(site, "refused") == before + 1
