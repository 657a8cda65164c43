"""The pages of roll-outs, as clerks use them."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from accounts.log.models import SecurityEvent
from accounts.rollouts.models import ReminderMail, Rollout
from accounts.users.models import User
from tests.conftest import MakeUser
from tests.kit import upkeep
from tests.kit.people import Person
from tests.kit.plans import ROLLOUTS, bind, drafted, in_days, officer, people, uses_mailbox_password
from tests.kit.snapshots import changed, everything

EXEMPTIONS = "/admin/rollouts/exemption/"


def day(days: int) -> str:
    return (timezone.localdate() + timedelta(days=days)).isoformat()


def choose(manager: Person, **data: Any) -> str:
    """The dry run that it leads to."""
    response = manager.post(f"{ROLLOUTS}add/", {"start": day(30), "at": "08:30"} | data)
    assert response.status_code == 302, response.context["form"].errors
    return str(response.headers["Location"])


def complaints(manager: Person, **data: Any) -> Any:
    response = manager.post(f"{ROLLOUTS}add/", {"start": day(30)} | data, headers={"accept-language": "en"})
    assert response.status_code == 200
    assert not Rollout.objects.exists()
    return response.context["form"]


def carry_out(manager: Person, page: str, **data: Any) -> str:
    shown = manager.get(page).context["dry_run"].total
    response = manager.post(page, {"act": "carry_out", "version": shown} | data, follow=True)
    return str(response.content.decode())


def test_choose_look_carry_out_watch(manager: Person) -> None:
    arts = people(60)
    bind(arts[:3])
    uses_mailbox_password(arts[2:5])
    page = choose(manager, departments=["文学院"])
    text = manager.get(page, headers={"accept-language": "en"}).content.decode()
    assert "Carry it out for 60 people" in text
    assert len(re.findall(r"p\d+@example\.edu", text)) == 50
    assert not User.objects.filter(two_step_from__gt=timezone.now()).exists()
    text = carry_out(manager, page)
    assert User.objects.filter(two_step_from__gt=timezone.now()).count() == 60
    (row,) = manager.get(page).context["departments"]
    assert (row["name"], row["people"], row["bound"], row["ready"], row["unbound"]) == ("文学院", 60, 3, 2, 57)
    assert row["share"] == {"ready": 3.33, "half": 1.67, "none": 95.0, "rest_at": 5.0}
    assert '<rect class="half" x="3.33" width="1.67"' in text
    start = User.objects.get(pk=arts[0].pk).two_step_from
    assert start
    assert timezone.localtime(start).strftime("%Y-%m-%d %H:%M") == f"{day(30)} 08:30"


def test_the_list_of_addresses_is_complained_of_by_line(manager: Person, lisi: Person) -> None:
    form = complaints(manager, addresses="lisi\nnobody\nlisi")
    assert [(c.line, str(c.text)) for c in form.complaints] == [(2, "nobody"), (3, "lisi")]


def test_what_a_spreadsheet_made_of_a_list_is_named_by_line(manager: Person, lisi: Person, make_user: MakeUser) -> None:
    """Nobody is chosen by 20190001.0, even where somebody is called so; what nobody can see is dropped."""
    make_user("20190001.0")
    form = complaints(manager, addresses="\ufefflisi\u200b@example.edu\n1.20201E+11\n20190001.0\n#N/A")
    assert [complaint.line for complaint in form.complaints] == [2, 3, 4]


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"everyone": "on", "departments": ["文学院"]},
        {"everyone": "on", "addresses": "lisi"},
        {"departments": ["no such department"]},
        {"everyone": "on", "start": "2020-01-01"},
        {"everyone": "on", "start": ""},
        {"everyone": "on", "at": "25:00"},
    ],
)
def test_choices_that_mean_nothing(manager: Person, data: dict[str, Any]) -> None:
    people(1)
    assert complaints(manager, **data).errors


def test_the_choice_can_be_changed_until_it_is_carried_out(manager: Person, lisi: Person) -> None:
    people(3)
    page = choose(manager, departments=["文学院"])
    again = page.replace("change", "choose")
    assert manager.get(again).context["form"].initial["departments"] == ["文学院"]
    assert manager.post(again, {"addresses": "lisi", "start": day(9)}).headers["Location"] == page
    assert manager.get(page).context["dry_run"].total == 1
    carry_out(manager, page)
    assert manager.get(again).headers["Location"] == page
    manager.post(again, {"everyone": "on", "start": day(9)})
    assert Rollout.objects.get().total == 1


def test_people_who_changed_since_are_told_of(manager: Person) -> None:
    people(2)
    page = choose(manager, departments=["文学院"])
    people(1, prefix="new")
    response = manager.post(page, {"act": "carry_out", "version": 2}, follow=True, headers={"accept-language": "en"})
    assert "1 came, 0 went" in response.content.decode()
    assert not User.objects.filter(two_step_from__gt=timezone.now()).exists()


@pytest.mark.parametrize("shown", ["", "x", "-1", "1", "9" * 30, "²"])
def test_a_number_that_no_page_showed(manager: Person, shown: str) -> None:
    people(2)
    page = choose(manager, departments=["文学院"])
    manager.post(page, {"act": "carry_out", "version": shown})
    assert Rollout.objects.get().status == "draft"


def test_pause_go_on_cancel(manager: Person) -> None:
    people(2)
    page = choose(manager, departments=["文学院"])
    carry_out(manager, page)
    for act, status in (("pause", "paused"), ("resume", "draft")):
        manager.post(page, {"act": act})
        assert Rollout.objects.get().status == status
    carry_out(manager, page)
    assert Rollout.objects.get().status == "done"
    manager.post(page, {"act": "cancel"})
    assert Rollout.objects.get().status == "cancelled"
    assert not User.objects.filter(two_step_from__gt=timezone.now()).exists()
    before = everything()
    for act in ("pause", "resume", "cancel", "carry_out", "carry_on", "nonsense", ""):
        manager.post(page, {"act": act, "version": 2})
    assert not changed(before)


def test_the_mail_is_edited_and_previewed(manager: Person) -> None:
    people(1)
    page = choose(manager, departments=["文学院"]).replace("change", "mail")
    form = manager.get(page).context["form"].initial
    manager.post(page, form | {"subject_zh": "{name}，请准备", "days": "10，3"})
    shown = manager.get(page)
    assert "manager，请准备" in shown.content.decode()
    assert [reminder.days for reminder in shown.context["reminders"]] == [10, 3]
    for wrong in ({"days": "0"}, {"days": "x"}, {"days": "61"}, {"text_en": "{names}"}, {"text_zh": ""}):
        assert manager.post(page, form | wrong).context["form"].errors
    assert Rollout.objects.get().subject_zh == "{name}，请准备"


def test_the_clerk_gets_one_before_everybody_does(manager: Person) -> None:
    people(3)
    page = choose(manager, departments=["文学院"]).replace("change", "mail")
    form = manager.get(page).context["form"].initial
    events_before = SecurityEvent.objects.count()
    said = manager.post(page, form | {"subject_zh": "{name}，请准备", "send": "1"}, follow=True).content.decode()
    assert manager.user
    assert manager.user.username in said
    upkeep.sweep()
    assert {message.to[0] for message in mail.outbox} == {manager.user.username}
    chinese, english = sorted((message.subject for message in mail.outbox), reverse=True)
    assert chinese == "【预览】manager，请准备"
    assert english.startswith("[Preview] Two-step verification for your mailbox begins on ")
    assert SecurityEvent.objects.count() == events_before
    assert not ReminderMail.objects.exists(), "nobody else's turn is used up"
    manager.post(page, form)
    upkeep.sweep()
    assert len(mail.outbox) == 2


def test_a_text_is_text(manager: Person) -> None:
    people(1)
    page = choose(manager, departments=["文学院"]).replace("change", "mail")
    form = manager.get(page).context["form"].initial
    manager.post(page, form | {"text_zh": "<script>x</script> {{ settings }} {% now 'Y' %}", "subject_zh": "a\nBcc: b"})
    text = manager.get(page).content.decode()
    assert "<script>x" not in text
    assert "{% now" in text


@pytest.mark.parametrize(
    ("query", "count"),
    [("", 3), ("state=unbound", 2), ("state=old_programs", 1), ("state=ready", 1), ("state=not_ready", 2),
     ("department=%E7%90%86%E5%AD%A6%E9%99%A2", 0), ("state=nonsense", 3), ("p=99", 3)],
)  # fmt: skip
def test_people_by_state(manager: Person, query: str, count: int) -> None:
    users = people(3)
    bind(users[:1])
    uses_mailbox_password(users[1:2])
    page = choose(manager, departments=["文学院"]).replace("change", "people")
    shown = manager.get(f"{page}?{query}")
    assert shown.context["page"].paginator.count == count
    assert (
        "139****0000" in shown.content.decode() or count == 0 or "no" in query or "unbound" in query or "old" in query
    )
    assert "13900000000" not in shown.content.decode()


def test_pages_do_not_grow_with_people(manager: Person, django_assert_max_num_queries: Any) -> None:
    people(300)
    page = choose(manager, departments=["文学院"])
    for each in (page, page.replace("change", "people"), page.replace("change", "mail"), ROLLOUTS):
        with django_assert_max_num_queries(40):
            assert manager.get(each).status_code == 200


# --- Who -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("right", ["change_user", "help_people", "export_people", "add_rollout", "change_rollout"])
def test_only_with_the_right(make_user: MakeUser, manager: Person, lisi: Person, right: str) -> None:
    assert lisi.user
    people(1)
    page = choose(manager, departments=["文学院"])
    desk = officer(make_user, "desk", "view_user", right, phone="13700137009")
    before = everything()
    two_step = f"/admin/accounts/user/{lisi.user.pk}/two-step/"
    for each in (page, f"{ROLLOUTS}add/", f"{EXEMPTIONS}add/", two_step, page.replace("change", "choose")):
        assert desk.get(each).status_code == 403, each
        assert desk.post(each, {"act": "carry_out", "version": 1}).status_code == 403, each
    assert not changed(before)


def test_an_auditor_looks_and_touches_nothing(make_user: MakeUser, manager: Person) -> None:
    people(1)
    page = choose(manager, departments=["文学院"])
    auditor = officer(make_user, "auditor", "view_rollout", phone="13700137009")
    for each in (page, page.replace("change", "people"), page.replace("change", "mail"), ROLLOUTS):
        text = auditor.get(each).content.decode()
        assert 'name="act"' not in text
    before = everything()
    for each in (page, page.replace("change", "mail"), page.replace("change", "choose")):
        assert auditor.post(each, {"act": "carry_out", "version": 1, "days": ""}).status_code == 403
    assert not changed(before)


def test_a_manager_does_not_touch_colleagues(manager: Person, make_user: MakeUser) -> None:
    """Neither through a roll-out that an administrator drew."""
    colleague = make_user("colleague", is_staff=True, two_step=False, department="信息办")
    root = make_user("root", is_superuser=True)
    assert complaints(manager, addresses="colleague").complaints
    row = drafted(root, in_days(3), everyone=True)
    manager.post(f"{ROLLOUTS}{row.pk}/change/", {"act": "carry_out", "version": row.total})
    colleague.refresh_from_db()
    assert colleague.two_step_from is None
    assert manager.get(f"/admin/accounts/user/{colleague.pk}/two-step/").status_code == 404
    data = {"mailbox": "colleague", "until": day(3), "reason": "because"}
    assert manager.post(f"{EXEMPTIONS}add/", data).context["form"].errors
