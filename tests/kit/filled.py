"""A database with people in it, and what they can do. Programs of their own, as tests have another database: the last
release runs `fill` and `ask`, then today's `ask` must be answered the same (tests/house/test_release.py).

    DEBUG=on VAR=folder DATABASE_URL=... python -m tests.kit.filled fill >secrets
    DEBUG=on VAR=folder DATABASE_URL=... python -m tests.kit.filled ask <secrets >answers

Today's `ask` is given the secrets of a release: what stands in them keeps its name, and its kind of value. A question
that `fill` did not prepare in that release is not asked. Answers are counted and sent as anybody's would be, so `ask`
is for a copy.
"""

import base64
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import django

os.environ |= {"SMS_GATEWAY": "memory", "EMAIL_URL": "memorymail://", "CELERY_BROKER_URL": "memory://localhost"}
os.environ["LOG_LEVEL"] = "ERROR"  # a page that is refused is no news here
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
django.setup()

from django.contrib import admin
from django.contrib.auth.models import Group
from django.test.utils import setup_test_environment
from django.urls import reverse
from django.utils import timezone

from accounts.log import audit, chain
from accounts.phones import phones
from accounts.rollouts import exemptions, rollouts
from accounts.rollouts.models import Exemption, Rollout
from accounts.users.models import User
from apppasswords import passwords
from apppasswords.maillogin import decision
from portal.celery import app
from portal.office import roles
from tests.kit.people import PASSWORD, Person
from tests.kit.sites import SECRET, MailServer, Site
from tests.kit.upkeep import register_tasks

Secrets = dict[str, Any]
Answers = Iterator[tuple[str, Any]]

BANNED = "203.0.113.9"
ELSEWHERE = "198.51.100.7"
DEPARTMENT = "文学院"
LATER = timedelta(days=30)
PEOPLE: dict[str, dict[str, Any]] = {
    "off": {},
    "on-with-phone": {"two_step": True, "phone": "13600136001"},
    "on-without-phone": {"two_step": True},
    "disabled": {"is_active": False},
    "must-change": {"must_change_password": True},
    "planned": {"department": DEPARTMENT},
    "excepted": {"two_step": True, "phone": "13600136002"},
    "mail": {"two_step": True},
    "browser": {"two_step": True, "phone": "13600136003"},
    "inside": {"two_step": True, "phone": "13600136004"},
    "webmail": {"two_step": True, "phone": "13600136005"},
}
# These do not sign in before they are asked about: the same phone gets no second code within a minute.
COME_BY_PASSWORD = ("off", "on-with-phone", "on-without-phone", "disabled", "must-change", "planned", "excepted")
SUPERUSER = "superuser"


def address(name: str) -> str:
    return f"{name.replace(' ', '-')}@example.edu"


def person(name: str, cookies: dict[str, str] | None = None) -> Person:
    """At a browser that holds these cookies."""
    found = Person(User.objects.get(username=address(name)), HTTP_ACCEPT_LANGUAGE="en")
    found.cookies.load(cookies or {})
    return found


def cookies_of(browser: Person) -> dict[str, str]:
    return {name: morsel.value for name, morsel in browser.cookies.items() if morsel.value}


# --- What is in it ---------------------------------------------------------------------------------------------------


def fill() -> Secrets:
    for name, about in PEOPLE.items():
        _add(name, **about)
    for number, role in enumerate((*roles.ROLES, SUPERUSER)):
        _add_clerk(role, f"1370013700{number}")
    sessions = {name: _come_in(name) for name in ("inside", "webmail")}
    secrets: Secrets = {
        "clerks": {role: _come_in(role) for role in (*roles.ROLES, SUPERUSER)},
        "sessions": sessions,
        "browser": _trust_browser(),
        "app_passwords": _make_app_passwords(),
        "tokens": _go_to_webmail(sessions["webmail"]),
    }
    _plan()
    _ban()
    chain.seal_all()
    return secrets | {"log_end": audit.end(), "questions": list(QUESTIONS)}


def _add(name: str, *, two_step: bool = False, phone: str = "", **fields: Any) -> User:
    start = timezone.now() if two_step else None
    user = User.objects.create_user(address(name), PASSWORD, two_step_from=start, **fields)
    if phone:
        bound = phones.bind(user, f"+86{phone}", address=ELSEWHERE)
        assert not isinstance(bound, phones.Refusal), bound
    return user


def _add_clerk(role: str, phone: str) -> None:
    clerk = _add(role, two_step=True, phone=phone, is_staff=True, is_superuser=role == SUPERUSER)
    roles.make()
    clerk.groups.set(Group.objects.filter(name=role))


def _come_in(name: str) -> dict[str, str]:
    """By password and code; the cookies of the browser."""
    browser = person(name)
    browser.sign_in()
    assert browser.is_in(), name
    return cookies_of(browser)


def _trust_browser() -> dict[str, str]:
    browser = person("browser")
    browser.sign_in(trust_browser="on")
    browser.post("/sign-out/")
    return cookies_of(browser)


def _make_app_passwords() -> dict[str, str]:
    user = User.objects.get(username=address("mail"))
    made = {}
    for name in ("kept", "removed"):
        row = passwords.create(user, name, address=ELSEWHERE)
        assert isinstance(row, tuple), row
        made[name] = row[1]
    assert passwords.remove(user, passwords.of(user).get(name="removed").pk)
    return made


def _go_to_webmail(session: dict[str, str]) -> dict[str, str]:
    with tempfile.TemporaryDirectory() as folder:
        site = Site(Path(folder), "webmail", "--trusted", "--without-pkce", "--scopes", "openid email mail")
        MailServer(Path(folder), "dovecot", "--introspection")
    tokens = site.tokens(person("webmail", session))
    return {kind: tokens[kind] for kind in ("access_token", "refresh_token")}


def _plan() -> None:
    clerk = User.objects.get(username=address(SUPERUSER))
    later = timezone.now() + LATER
    row = rollouts.draft({"departments": [DEPARTMENT]}, later, clerk)
    outcome, changed = rollouts.carry_out(row, clerk, version=row.total)
    assert outcome is rollouts.Outcome.DONE, changed
    excepted = User.objects.get(username=address("excepted"))
    exemptions.make(excepted, later, "on a journey", actor=clerk)


def _ban() -> None:
    login = decision.Login(address("mail"), "wrong", "imap", BANNED)
    while decision.verify(login).outcome is not decision.Outcome.BANNED:
        pass


# --- What they can do ------------------------------------------------------------------------------------------------


def ask(secrets: Secrets) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    for question in secrets["questions"]:
        if question in QUESTIONS:  # one that nobody answers any more is missing, and seen by that
            answers |= {f"{question}: {name}": answer for name, answer in QUESTIONS[question](secrets)}
    return answers


def _log(secrets: Secrets) -> Answers:
    """First: what the others do is logged."""
    looked = audit.Audit()
    yield "faults", [fault.what.name for fault in looked.faults()]
    yield "events", looked.rows
    position, _, seal = secrets["log_end"].partition(":")
    yield "end", audit.holds(int(position), seal)


def _sign_in(_secrets: Secrets) -> Answers:
    """Where it leads, and whether the pages are open then."""
    for name in COME_BY_PASSWORD:
        browser = person(name)
        yield name, [*_leads(browser.enter_password()), *_leads(browser.get("/"))]
        yield f"{name}, wrong password", _leads(person(name).enter_password("wrong"))
        if "/sign-in/code/" in str(browser.get("/").headers.get("Location", "")):
            yield f"{name}, with the code", [*_leads(browser.enter_code()), *_leads(browser.get("/"))]


def _leads(response: Any) -> list[Any]:
    return [response.status_code, response.headers.get("Location", "")]


def _trusted_browser(secrets: Secrets) -> Answers:
    trusted = person("browser", secrets["browser"])
    yield "no code", [*_leads(trusted.enter_password()), *_leads(trusted.get("/"))]
    yield "of somebody else", _leads(person("inside", secrets["browser"]).enter_password())


def _session(secrets: Secrets) -> Answers:
    for name, cookies in secrets["sessions"].items():
        yield name, _leads(person(name, cookies).get("/"))


def _mail_login(secrets: Secrets) -> Answers:
    kept, removed = secrets["app_passwords"]["kept"], secrets["app_passwords"]["removed"]
    for what, name, password, where in (
        ("app password", "mail", kept, ELSEWHERE),
        ("app password in fours", "mail", f"{kept[:4]} {kept[4:8]} {kept[8:12]} {kept[12:]}".upper(), ELSEWHERE),
        ("app password of somebody else", "off", kept, ELSEWHERE),
        ("removed app password", "mail", removed, ELSEWHERE),
        ("mailbox password, two-step on", "mail", PASSWORD, ELSEWHERE),
        ("mailbox password, two-step off", "off", PASSWORD, ELSEWHERE),
        ("mailbox password, two-step planned", "planned", PASSWORD, ELSEWHERE),
        ("disabled", "disabled", PASSWORD, ELSEWHERE),
        ("banned address", "mail", kept, BANNED),
    ):
        login = decision.Login(address(name), password, "imap", where)
        yield f"{what}, explained", decision.explain(login).reason.name
        verdict = decision.verify(login)
        yield what, [verdict.outcome.name, verdict.banned_until and verdict.banned_until.isoformat()]
    yield "names", [row.name for row in passwords.of(User.objects.get(username=address("mail")))]


def _two_step(_secrets: Secrets) -> Answers:
    for user in User.objects.order_by("username"):
        yield user.username, user.two_step_from and user.two_step_from.isoformat()
    for row in Rollout.objects.all():
        fates = list(row.members.order_by("user__username").values_list("user__username", "fate"))
        reminders = [[reminder.days, reminder.due_at.isoformat()] for reminder in row.reminders.all()]
        yield f"roll-out {row.pk}", [row.status, row.start.isoformat(), [list(fate) for fate in fates], reminders]
    for exemption in Exemption.in_force():
        clerk = exemption.made_by and exemption.made_by.username
        yield f"except {exemption.user.username}", [exemption.until.isoformat(), exemption.reason, clerk]


def _office(secrets: Secrets) -> Answers:
    """Which lists are open to whom."""
    for role, cookies in secrets["clerks"].items():
        clerk = person(role, cookies)
        for model in admin.site._registry:
            page = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
            yield f"{role} {page}", clerk.get(page).status_code


def _webmail(secrets: Secrets) -> Answers:
    tokens, server = secrets["tokens"], Person()
    said = server.get("/openid/userinfo/", headers={"authorization": f"Bearer {tokens['access_token']}"})
    yield "who", [said.status_code, said.json()]
    basic = base64.b64encode(f"dovecot:{SECRET}".encode()).decode()
    said = server.post(
        "/openid/introspect/", {"token": tokens["access_token"]}, headers={"authorization": f"Basic {basic}"}
    )
    yield "introspection", [said.status_code, {name: said.json().get(name) for name in ("active", "username", "scope")}]
    refresh = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    said = server.post("/openid/token/", {"client_id": "webmail", "client_secret": SECRET, **refresh})
    yield "refresh", said.status_code


QUESTIONS: dict[str, Callable[[Secrets], Answers]] = {
    "log": _log,
    "two-step": _two_step,
    "sign-in": _sign_in,
    "trusted browser": _trusted_browser,
    "session": _session,
    "mail login": _mail_login,
    "office": _office,
    "webmail": _webmail,
}


def main() -> None:
    setup_test_environment()
    register_tasks()
    app.conf.task_always_eager = True  # what is queued is done at once
    said = fill() if sys.argv[1:] == ["fill"] else ask(json.load(sys.stdin))
    json.dump(said, sys.stdout, ensure_ascii=False)


if __name__ == "__main__":
    main()
