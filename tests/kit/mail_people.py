"""The people of the mail server tests, in the database that the mail login service reads. A program of its own: tests
have another database. It reads one JSON line for each call, [function, arguments], and answers with one.

    VAR=folder DEBUG=on python -m tests.kit.mail_people
"""

import json
import os
import sys
from datetime import timedelta
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
django.setup()

from django.core.management import call_command
from django.utils import timezone

from accounts.bans import bans
from accounts.bans.models import Ban, Failure
from accounts.maillogins.models import MailLogin
from accounts.openid.models import AccessToken
from accounts.owners import owners
from accounts.owners.models import Ownership
from accounts.phones import phones
from accounts.phones.models import Phone
from accounts.users.models import User
from apppasswords import passwords, secrets, sharing
from apppasswords import tokens as token_programs
from apppasswords.limits import Limits, Scope
from apppasswords.models import AppPassword

CLERK = "itoffice@example.edu"


def prepare(demo: bool = False) -> None:
    if demo:
        call_command("demo", stdout=sys.stderr)
        return
    User.objects.create_user(CLERK, None, is_staff=True)


def add(username: str, password: str, two_step: bool, name: str = "") -> None:
    User.objects.create_user(username, password, name=name, two_step_from=timezone.now() if two_step else None)


def switch_two_step(username: str, on: bool) -> None:
    User.objects.filter(username=username).update(two_step_from=timezone.now() if on else None)


def disable(username: str) -> None:
    User.objects.filter(username=username).update(is_active=False)


def age_tokens(username: str) -> None:
    """As if their time had passed."""
    AccessToken.objects.filter(user__username=username).update(expires=timezone.now() - timedelta(seconds=1))


def tokens(username: str) -> int:
    count: int = AccessToken.objects.filter(user__username=username).count()
    return count


def bind(username: str, number: str) -> None:
    assert isinstance(phones.bind(User.objects.get(username=username), number), Phone)


def sign_programs_out(username: str) -> int:
    return token_programs.remove_all(User.objects.get(username=username))


def app_password(username: str, name: str) -> str:
    made = passwords.create(User.objects.get(username=username), name, limits=Limits(Scope.MAIL_AND_FILTERS))
    assert isinstance(made, tuple), made
    return made[1]


def limited_app_passwords(username: str, limits: list[dict[str, Any]]) -> list[str]:
    """Of any limits, past ones too; days count from now, `made` is how many days ago."""
    user, now, made = User.objects.get(username=username), timezone.now(), []
    for number, one in enumerate(limits):
        ends_at = now + timedelta(days=one["ends"]) if one["ends"] else None
        chosen = Limits(one["scope"], one["networks"], ends_at, one["idle"])
        secret = secrets.new()
        row = AppPassword.objects.create(
            user=user, name=f"limited {number}", digest=secrets.digests(secret)[0], **vars(chosen)
        )
        AppPassword.objects.filter(pk=row.pk).update(created_at=now - timedelta(days=one["made"]))
        made.append(secret)
    return made


def remove_app_password(username: str, name: str) -> None:
    user = User.objects.get(username=username)
    assert passwords.remove(user, passwords.of(user).get(name=name).pk)


def share(mailbox: str, *people: str) -> None:
    clerk = User.objects.get(username=CLERK)
    row = User.objects.get(username=mailbox)
    sharing.share(row, by=clerk)
    for person in people:
        owners.appoint(row, User.objects.get(username=person), by=clerk)


def shared_app_password(mailbox: str, owner: str) -> str:
    row = Ownership.objects.get(mailbox__username=mailbox, owner__username=owner)
    made = passwords.create(row, "office", limits=Limits(Scope.MAIL_AND_FILTERS))
    assert isinstance(made, tuple), made
    return made[1]


def dismiss(mailbox: str, owner: str) -> None:
    row = Ownership.objects.get(mailbox__username=mailbox, owner__username=owner)
    owners.dismiss(row, by=User.objects.get(username=CLERK))


def last_use(username: str, name: str) -> list[str]:
    row = passwords.of(User.objects.get(username=username)).get(name=name)
    return [row.last_used_protocol, row.last_used_address]


def logins(username: str) -> list[list[Any]]:
    """Those that were let in, as they are counted."""
    rows = MailLogin.objects.filter(user__username=username).order_by("protocol", "method")
    return [list(row) for row in rows.values_list("protocol", "method", "count", "address")]


def failures(address: str) -> list[str]:
    """The way in of each failure that counts."""
    rows = Failure.objects.filter(network=address, cleared_at=None, ban=None).order_by("pk")
    return list(rows.values_list("channel", flat=True))


def ban_of(address: str) -> str | None:
    """Until when, as people are told it."""
    until = bans.banned_until(address, "")
    return f"{timezone.localtime(until):%Y-%m-%d %H:%M}" if until else None


def lift(address: str) -> None:
    assert bans.lift(Ban.objects.get(network=address, lifted_at=None), User.objects.get(username=CLERK))


def forget() -> None:
    Failure.objects.all().delete()
    Ban.objects.all().delete()


CALLS = {
    call.__name__: call
    for call in (
        prepare, add, switch_two_step, disable, age_tokens, tokens, bind, sign_programs_out, app_password,
        limited_app_passwords,
        remove_app_password, share, shared_app_password, dismiss, last_use, logins, failures, ban_of, lift, forget,
    )
}  # fmt: skip


def main() -> None:
    for line in sys.stdin:
        name, arguments = json.loads(line)
        call: Any = CALLS[name]
        sys.stdout.write(json.dumps(call(*arguments)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
