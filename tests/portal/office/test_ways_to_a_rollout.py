"""From where a clerk stands to the roll-out, in one step."""

import re
from typing import Any

from django.utils import timezone
from pytest_django import Settings

from accounts.rollouts import letters
from tests.conftest import MakeUser
from tests.kit.people import Person

ADD = "/admin/rollouts/rollout/add/"


def text(page: Any) -> str:
    return str(page.content.decode())


def test_from_a_department_on_the_dashboard(office: Person, make_user: MakeUser) -> None:
    make_user("reader", department="文学院 & 历史系", two_step=False)
    make_user("writer", department="文学院 & 历史系", phone="13600136001")
    office.post("/admin/dashboard/")
    page = office.get("/admin/dashboard/")
    entry = next(entry for chart in page.context["charts"] if chart.slug == "departments" for entry in chart.entries)
    assert entry.next_url in text(page)
    chosen = office.get(entry.next_url, HTTP_ACCEPT_LANGUAGE="en")
    form = chosen.context["form"]
    assert form.initial["departments"] == ["文学院 & 历史系"]
    assert "文学院 &amp; 历史系: 2 people, two-step on for 1, 1 with nothing bound" in text(chosen)
    assert re.search('value="文学院 &amp; 历史系"[^>]* checked', text(chosen))


def test_a_department_that_is_none_is_not_chosen(office: Person) -> None:
    assert office.get(ADD, {"department": "x"}).status_code == 200


def test_from_the_desk(office: Person, manager: Person, wangwu: Person) -> None:
    assert wangwu.user
    link = f"/admin/accounts/user/{wangwu.user.pk}/two-step/"
    assert link in text(office.get(f"/admin/accounts/user/{wangwu.user.pk}/desk/"))
    assert link not in text(office.get(f"/admin/accounts/user/{office.user.pk}/desk/"))  # type: ignore[union-attr]


def test_a_reminder_leads_to_what_is_to_be_done(settings: Settings) -> None:
    reader = letters.Reader("Li", "li@example.edu", is_unbound=True, lacks_app_passwords=True)
    _subject, said = letters.fill(("s", "{to_do}"), reader, timezone.now(), "en")
    assert f"{settings.PUBLIC_URL}/security/phone/" in said
    assert f"{settings.PUBLIC_URL}/app-passwords/" in said
