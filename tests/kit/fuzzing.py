"""What nobody means, thrown at every door: `make fuzz` (100,000 requests), and a share of it in every run."""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import quote

from django.db import transaction
from hypothesis import HealthCheck, Phase
from hypothesis import settings as trying
from hypothesis import strategies as st

from tests.kit.people import Person
from tests.kit.sitemap import Place, places
from tests.kit.tabs import Form, forms

REQUESTS = int(os.environ.get("FUZZED_REQUESTS", "150"))  # of each test
NASTY = (
    "", " ", "\0", "'", '">', "%00", "%s", "{{7*7}}", "../../etc/passwd", "0", "-1", "1e9", "NaN", "null", "[]", "{}",
    "9" * 400, "2147483648", "9223372036854775808", "-9223372036854775809", "2026-02-30", "99999-01-01", "0001-01-01",
    "9999-12-31 23:59", "２０２６－１２－０１", "\u202e", "\U0001f600", "a" * 5000, "１３８００１３８０００", "+86138",
    "http://evil.example/", "//evil.example", "x\r\nSet-Cookie: a=b", "1" * 20, "on", "::/0", "10.0.0.0/33", "a@b", "@",
)  # fmt: skip
TEXTS = st.one_of(
    st.sampled_from(NASTY),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
    st.text("0123456789", max_size=12),
    st.integers().map(str),
)
NAME = re.compile(r'\bname="([^"]+)"')
PARAMETERS = ("q", "p", "o", "e", "days", "next", "all", "page", "lang", "to", "two_step", "department__exact", "user")
EXAMPLES = trying(
    max_examples=REQUESTS, deadline=None, database=None, suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],
)  # fmt: skip


class Doors:
    """All forms that somebody is shown, and all addresses."""

    def __init__(self, person: Person, addresses: Callable[[Place], str]) -> None:
        self.forms: dict[tuple[str, tuple[str, ...]], Form] = {}
        for place in places():
            path = addresses(place)
            answer = person.get(path)
            if answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/html"):
                for form in forms(path, answer.content.decode()):
                    self.forms.setdefault((form.action, tuple(sorted(set(NAME.findall(form.content))))), form)

    def filled(self) -> st.SearchStrategy[tuple[str, dict[str, list[str]]]]:
        """One of the forms: each of its fields as it stands, left out, wrong, or twice."""
        return st.sampled_from(sorted(self.forms)).flatmap(self._filled)

    def _filled(self, key: tuple[str, tuple[str, ...]]) -> st.SearchStrategy[tuple[str, dict[str, list[str]]]]:
        form = self.forms[key]
        fields: dict[str, st.SearchStrategy[list[str]]] = {
            name: st.one_of(
                st.just([form.hidden.get(name, "1")]), st.just([]), TEXTS.map(lambda text: [text]),
                st.lists(TEXTS, min_size=2, max_size=2),
            )
            for name in key[1]
        }  # fmt: skip
        return st.tuples(st.just(form.action), st.fixed_dictionaries(fields))


def addresses() -> st.SearchStrategy[str]:
    """With parts and parameters that lead nowhere."""
    return st.sampled_from(sorted({place.route for place in places()})).flatmap(_address)


def _address(route: str) -> st.SearchStrategy[str]:
    plain = re.sub(r"\(\?P<\w+>[^)]*\)|[\^$]", "<str:x>", route)
    parts = re.split(r"<[^>]*>", plain)
    given = st.tuples(*(TEXTS for _ in parts[1:]))
    asked = st.dictionaries(st.sampled_from(PARAMETERS), TEXTS, max_size=3)

    def whole(drawn: tuple[tuple[str, ...], dict[str, str]]) -> str:
        filled = parts[0] + "".join(
            f"{quote(value, safe='')}{part}" for value, part in zip(drawn[0], parts[1:], strict=True)
        )
        query = "&".join(f"{name}={quote(value)}" for name, value in drawn[1].items())
        return f"/{filled}?{query}"

    return st.tuples(given, asked).map(whole)


@contextmanager
def nothing_remains(person: Person) -> Iterator[None]:
    cookies, start = SimpleCookie(person.cookies), transaction.savepoint()
    try:
        yield
    finally:
        transaction.savepoint_rollback(start)
        person.cookies = cookies


def told(answer: Any) -> None:
    """Whatever was asked, it is no fault of ours."""
    assert answer.status_code < 500, f"{answer.status_code} {answer.request['PATH_INFO']}"
