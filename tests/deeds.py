"""What each person in a crowd does. What comes in and goes out passes between processes: names and numbers."""

from typing import Any

from django.core.management import call_command
from django.db import transaction
from django.test import Client

from accounts import chain, codes, delivery, events, phones, signin
from accounts.models import Phone, Sms, User
from portal.celery import app

app.conf.task_always_eager = True  # what is queued is sent at once, by the thread that queued it


def migrate() -> None:
    call_command("migrate", verbosity=0)


def enter_code(user: int, number: str, session: str, code: str, purpose: str = "sign_in") -> str:
    return codes.check(User(pk=user), number, Sms.Purpose(purpose), session, code).name


def ask_for_code(user: int, number: str, address: str, purpose: str = "sign_in") -> str:
    owner = User.objects.get(pk=user)
    issued = codes.issue(owner, number, Sms.Purpose(purpose), "a session", address=address, language="en")
    return issued.refusal.name if issued.refusal else "SENT"


def enter_password(name: str, password: str, address: str) -> str:
    return signin.start(name, password, address, "").step.name


def post(path: str, data: dict[str, str], session: str, address: str) -> dict[str, Any]:
    """One browser's request, with the session that it shares with the others."""
    browser = Client(HTTP_HOST="localhost", REMOTE_ADDR=address, raise_request_exception=False)
    browser.cookies["session"] = session
    response = browser.post(path, data)
    return {
        "status": response.status_code,
        "location": response.headers.get("Location", ""),
        "session": browser.cookies["session"].value,
    }


def bind(user: int, number: str) -> str:
    return _name(phones.bind(User.objects.get(pk=user), number))


def change(phone: dict[str, Any], number: str) -> str:
    return _name(phones.change(_held(phone), number))


def unbind(phone: dict[str, Any]) -> str:
    return "DONE" if phones.unbind(_held(phone)) else "GONE"


def _held(phone: dict[str, Any]) -> Phone:
    """As a page read it before another one changed it."""
    return Phone(pk=phone["pk"], number=phone["number"], user=User.objects.get(pk=phone["user"]))


def _name(outcome: Phone | phones.Refusal) -> str:
    return outcome.name if isinstance(outcome, phones.Refusal) else "DONE"


def deliver(sms: int) -> None:
    delivery.send(Sms, sms)


def sweep() -> list[int]:
    return [row.pk for row in delivery.unclaimed()]


def record(user: int, events_each: int, *, in_vain: bool = False) -> None:
    """Events in one transaction; `in_vain`: it is rolled back."""
    owner = User.objects.get(pk=user)
    with transaction.atomic():
        for number in range(events_each):
            events.record(events.Kind.CONFIRMED, owner, number=number, in_vain=in_vain)
        transaction.set_rollback(in_vain)


def seal() -> None:
    chain.seal_all()
