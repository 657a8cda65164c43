"""Most logins are decided by one round trip, without waiting for anything else: these are, in the loop of the service
(asking/lane.py). All others, and all where there is no such way, are left to decision.py, which knows every rule."""

import time
from dataclasses import replace

from django.utils import timezone
from psycopg.errors import UndefinedFunction

from accounts.bans import digests, failures
from accounts.bans.where import addresses, places
from accounts.lib.prepared import Asking
from accounts.users import usernames
from apppasswords import secrets
from apppasswords.maillogin import decision
from apppasswords.maillogin import facts as found
from apppasswords.maillogin.asking import app_password, function
from apppasswords.maillogin.decision import LIMITED, Login, Outcome, Reason, Verdict
from apppasswords.maillogin.facts import Facts

LOOKED_FOR_AGAIN = 60.0  # seconds


class Deciding:
    """As decision.verify does, counting a failure that is far from a ban. None: it is for decision.verify to say.

    By the function in the database; where it is missing, as for a moment of an upgrade, by two statements of our own.
    """

    def __init__(self, again_after: float = LOOKED_FOR_AGAIN) -> None:
        self._again_after = again_after
        self._missing_until = 0.0  # of the monotonic clock

    def __call__(self, login: Login) -> Asking[Verdict | None]:
        if time.monotonic() > self._missing_until:
            try:
                return (yield from by_function(login))
            except UndefinedFunction:
                self._missing_until = time.monotonic() + self._again_after
        return (yield from by_statements(login))


decide = Deciding()


def by_function(login: Login) -> Asking[Verdict | None]:
    now, name = timezone.now(), usernames.canonical(login.user) or ""
    secret = secrets.typed(login.password) if login.password else None
    if secret and name and (row := (yield app_password.question(login.address, name, secret, now))):
        facts = app_password.read(row, login.address)
        verdict = decision.without_mailbox_password(login, facts, facts.banned_until, now)
        return _told(verdict, login, facts) if verdict else None
    facts, is_counted = function.read((yield function.question(login, name, secret, now)))
    verdict = decision.without_mailbox_password(login, facts, facts.banned_until, now)
    if verdict is None or (verdict.outcome is Outcome.NO and verdict.reason not in LIMITED and not is_counted):
        return None
    return _told(verdict, login, facts)


def by_statements(login: Login) -> Asking[Verdict | None]:
    now, name = timezone.now(), usernames.canonical(login.user) or ""
    facts = found.read((yield found.question(login.address, name, login.password, now)), login.address)
    # Whether a name that is nobody's is banned here is asked where its failure is counted.
    verdict = decision.without_mailbox_password(login, facts, facts.banned_until, now)
    if verdict is None or verdict.reason is Reason.BARE_NAME:
        return None
    is_counted_here = verdict.outcome is Outcome.NO and verdict.reason not in LIMITED
    if is_counted_here and not (yield from _count(login, name, facts)):
        return None
    return _told(verdict, login, facts)


def _told(verdict: Verdict, login: Login, facts: Facts) -> Verdict | None:
    if verdict.outcome is not Outcome.YES:
        return decision.with_slip(verdict, login, facts.user_id)
    return None if facts.has_failures else replace(verdict, is_new_place=not places.is_noted(facts.place_at))


def _count(login: Login, name: str, facts: Facts) -> Asking[bool]:
    if facts.standing.kind is addresses.Kind.NEVER_BANNED:
        return False
    account = name if facts.user_id is not None else digests.stranger(login.user)
    steps = failures.early(login.address, account, login.password_text, login.protocol, facts.standing)
    return (yield steps) is not None
