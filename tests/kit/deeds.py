"""What each person in a crowd does. What comes in and goes out passes between processes: names and numbers."""

import time
from datetime import date, timedelta
from typing import Any

from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from accounts.bans import failures
from accounts.bans.models import Network
from accounts.bans.where import places
from accounts.codes import codes
from accounts.delivery.models import Sms
from accounts.factors import authenticators, recoverycodes
from accounts.jobs import jobs
from accounts.log import chain, events
from accounts.maillogins import maillogins
from accounts.phones import helpcodes, phones
from accounts.phones.models import Phone
from accounts.rollouts import exemptions, reminders, switching
from accounts.rollouts.models import Rollout
from accounts.security import passwords
from accounts.sessions import authorizations, signins
from accounts.signin import signin
from accounts.signin.lost import bind_phone
from accounts.users import administrators
from accounts.users.models import User
from apppasswords import connections, last_use
from apppasswords import passwords as app_passwords
from apppasswords.last_use import Use
from apppasswords.setup import links
from apppasswords.thefts import hooks
from portal.celery import app
from portal.office.desk import acts
from portal.office.overview import figures
from tests.kit.upkeep import register_tasks

register_tasks()
app.conf.task_always_eager = True  # what is queued is sent at once, by the thread that queued it


def enter_code(user: int, number: str, session: str, code: str, purpose: str = "sign_in") -> str:
    return codes.check(User(pk=user), number, Sms.Purpose(purpose), session, code).name


def enter_app_code(user: int, code: str) -> str:
    return authenticators.check(User.objects.get(pk=user), code)[0].name


def enter_recovery_code(user: int, code: str) -> str:
    return recoverycodes.check(User.objects.get(pk=user), code)[0].name


def make_recovery_codes(user: int, version: int) -> list[str] | str:
    """As the page read the account before another one made them."""
    owner = User.objects.get(pk=user)
    owner.ways_version = version
    made = recoverycodes.make(owner)
    return made.name if isinstance(made, recoverycodes.Refusal) else made


def ask_for_code(user: int, number: str, address: str, purpose: str = "sign_in") -> str:
    owner = User.objects.get(pk=user)
    issued = codes.issue(owner, number, Sms.Purpose(purpose), "a session", address=address, language="en")
    return issued.refusal.name if issued.refusal else "SENT"


def carry_over(user: int, old: str, new: str) -> None:
    codes.carry_over(User(pk=user), old, new)


def enter_password(name: str, password: str, address: str) -> str:
    return signin.start(name, password, address, "").step.name


def enter_password_while_the_network_goes(name: str, password: str, address: str) -> str:
    """The row behind which failures wait for each other, deleted at the worst moment: while somebody holds it."""
    Network.objects.filter(pk=address).delete()
    return enter_password(name, password, address)


def delete_networks() -> None:
    """On PostgreSQL. Whoever waits for a row is told so, or the test would hang."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '2s'")
        failures.delete_expired()


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


def call_the_hook(name: str) -> str:
    """As a spam filter does that takes this mailbox for stolen."""
    at, body = f"{time.time():.0f}", f'{{"address": "{name}"}}'.encode()
    return hooks.stolen(hooks.Call(body, at, hooks.signature(at, body)), "192.0.2.1").name


def bind(user: int, number: str) -> str:
    return _name(phones.bind(User.objects.get(pk=user), number))


def change(phone: dict[str, Any], number: str) -> str:
    return _name(phones.change(_held(phone), number))


def unbind(phone: dict[str, Any]) -> str:
    return "DONE" if phones.unbind(_held(phone)) else "GONE"


def at_a_sign_in(user: int, pk: int, session: str, how: str) -> str:
    """Its owner ends it, while its own requests still come and hand something to webmail."""
    owner = User.objects.get(pk=user)
    if how == "end":
        return "ENDED" if signins.end_one(owner, pk, here="", address="192.0.2.1") else "OUT BEFORE"
    if signins.find(owner, session) is None:
        return "OUT"
    now = timezone.now()
    authorizations.begin(owner, session, signed_in_at=now, ends_at=now + timedelta(hours=12), device=None, browser=None)
    return "WENT ON"


def _held(phone: dict[str, Any]) -> Phone:
    """As a page read it before another one changed it."""
    return Phone(pk=phone["pk"], number=phone["number"], user=User.objects.get(pk=phone["user"]))


def _name(outcome: Phone | phones.Refusal) -> str:
    return outcome.name if isinstance(outcome, phones.Refusal) else "DONE"


def enter_help_code(user: int, code: str) -> str:
    return helpcodes.check(User.objects.get(pk=user), code)[0].name


def give_help_code(user: int, version: tuple[int, int], clerk: int) -> str:
    given = helpcodes.issue(User.objects.get(pk=user), version, actor=User.objects.get(pk=clerk))
    return given.name if isinstance(given, helpcodes.Refusal) else given[1]


def give_help_code_or_unbind(user: int, version: tuple[int, int], clerk: int, phone: dict[str, Any] | None) -> str:
    return unbind(phone) if phone else give_help_code(user, version, clerk)


def bind_with_help_code(code: int, phone: dict[str, Any], number: str) -> str:
    return _name(bind_phone(code, _held(phone).user, number))


def set_starting(user: int, version: str, clerk: int) -> str | None:
    return passwords.set_starting(User.objects.get(pk=user), version, actor=User.objects.get(pk=clerk))


def set_starting_of_many(wanted: list[tuple[int, str]], clerk: int) -> dict[int, str]:
    """In the order of the page that the clerk has open."""
    people = [(User.objects.get(pk=pk), version) for pk, version in wanted]
    return passwords.set_starting_of_many(people, actor=User.objects.get(pk=clerk))


def end_pause(user: int, clerk: int) -> bool:
    return acts.end_pause(User.objects.get(pk=user), acts.By(User.objects.get(pk=clerk)))


def note_logins(batch: list[tuple[int, str, str]], times: int) -> None:
    """What one process of the mail login service saw, written several times; in an order of its own."""
    for _ in range(times):
        tally = maillogins.Tally()
        for user, protocol, address in batch:
            tally.add(maillogins.Success(user, protocol, maillogins.Method.APP_PASSWORD, address, timezone.now()))
        maillogins.write(tally.take())


def sum_up(day: str) -> None:
    figures.sum_up(date.fromisoformat(day))


def take_right(actor: int, user: int, right: str) -> str:
    try:
        with administrators.kept(User.objects.get(pk=actor)):
            User.objects.filter(pk=user).update(**{right: False})
    except administrators.LockedOut as locked_out:
        return type(locked_out).__name__
    return "DONE"


def exempt(actor: int, user: int) -> str:
    try:
        until = timezone.now() + timedelta(days=3)
        exemptions.make(User.objects.get(pk=user), until, "abroad", actor=User.objects.get(pk=actor))
    except administrators.LockedOut as locked_out:
        return type(locked_out).__name__
    return "DONE"


def run_rollout(rollout: int) -> None:
    switching.run(rollout)


def steal_rollout(rollout: int) -> None:
    """As a sweep that takes the worker for dead, who is not."""
    Rollout.objects.filter(pk=rollout, working=True).update(claim="")
    switching.run(rollout)


def lost() -> list[int]:
    return [job.pk for job in jobs.lost()]


def write_reminders() -> int:
    return reminders.write_due()


def record(user: int, events_each: int, *, in_vain: bool = False) -> None:
    """Events in one transaction; `in_vain`: it is rolled back."""
    owner = User.objects.get(pk=user)
    with transaction.atomic():
        for number in range(events_each):
            name = "in vain" if in_vain else f"number {number}"
            events.record(events.Kind.APP_PASSWORD_CREATED, owner, name=name)
        transaction.set_rollback(in_vain)


def seal() -> None:
    chain.seal_all()


def take_link(token: str) -> str:
    taken = links.take(token)
    return "TAKEN" if isinstance(taken, tuple) else "GONE"


def take_link_or_remove_all(token: str = "", user: int = 0) -> str:
    if token:
        return take_link(token)
    app_passwords.remove_all(User.objects.get(pk=user))
    return "REMOVED"


def note_first_use(pk: int, protocol: str, address: str, user: int = 0) -> str:
    """Or removes all app passwords of this user."""
    if user:
        app_passwords.remove_all(User.objects.get(pk=user))
        return "REMOVED"
    connections.note_first_uses([Use(pk, protocol, address, timezone.now())])
    return "NOTED"


def note_uses(keys: list[tuple[int, int]], times: int) -> None:
    """What one process of the mail login service saw of app passwords and their owners, each time minutes later."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:  # as that service does: of few rows a table would be read in its own order
            cursor.execute("SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off")
    for turn in range(times):
        at = timezone.now() + timedelta(minutes=2 * turn)
        uses = [Use(pk, "imap", "198.51.100.7", at) for pk, _user in keys]
        connections.note_first_uses(uses)
        last_use.note(uses)
        places.note((user, "198.51.100.7") for _pk, user in keys)
