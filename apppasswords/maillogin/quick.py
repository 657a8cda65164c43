"""Most logins are decided by two statements at most, without waiting for anything else: these are, in the loop of the
service (asking/lane.py). All others, and all where there is no such way, are left to decision.py, which knows every
rule."""

from dataclasses import replace

from django.utils import timezone

from accounts.bans import digests, failures
from accounts.bans.where import addresses, places
from accounts.lib.prepared import Asking
from accounts.users import usernames
from apppasswords.maillogin import facts as found
from apppasswords.maillogin.decision import (
    LIMITED,
    Login,
    Outcome,
    Reason,
    Verdict,
    with_slip,
    without_mailbox_password,
)
from apppasswords.maillogin.facts import Facts


def decide(login: Login) -> Asking[Verdict | None]:
    """As decision.verify does, counting a failure that is far from a ban. None: it is for decision.verify to say."""
    now, name = timezone.now(), usernames.canonical(login.user) or ""
    facts = found.read((yield found.question(login.address, name, login.password, now)), login.address)
    # Whether a name that is nobody's is banned here is asked where its failure is counted.
    verdict = without_mailbox_password(login, facts, facts.banned_until, now)
    if verdict is None or verdict.reason is Reason.BARE_NAME:
        return None
    if verdict.outcome is Outcome.BANNED or verdict.reason in LIMITED:
        return with_slip(verdict, login, facts.user_id)
    if verdict.outcome is Outcome.YES:
        return None if facts.has_failures else replace(verdict, is_new_place=not places.is_noted(facts.place_at))
    return with_slip(verdict, login, facts.user_id) if (yield from _count(login, name, facts)) else None


def _count(login: Login, name: str, facts: Facts) -> Asking[bool]:
    if facts.standing.kind is addresses.Kind.NEVER_BANNED:
        return False
    account = name if facts.user_id is not None else digests.stranger(login.user)
    steps = failures.early(login.address, account, login.password_text, login.protocol, facts.standing)
    return (yield steps) is not None
