"""What mail programs have open, and its end. A mail server asks about a login and never again: whoever may no longer
be in has to be put out.

Dovecot knows a connection by its owner and its address, not by the password that opened it. So all of a person's
connections end; programs whose password is still good come back by themselves within seconds
(docs/decisions/0029-connections-of-mail-programs.md).
"""

import logging
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.jobs import jobs
from accounts.log import events
from accounts.mailsessions import dovecot
from accounts.mailsessions.models import Ending
from accounts.users.models import User

logger = logging.getLogger(__name__)

Why = Ending.Why

PASSES = 2  # a login that was allowed just before may appear just after the first
SETTLE = timedelta(seconds=5)  # between them; longer than a mail server takes from the answer to the connection
LONGEST_PAUSE = timedelta(minutes=5)
LOUD_AFTER = 6  # tries in vain, about five minutes: then the administrators are told
GIVE_UP_AFTER = timedelta(days=1)


def end(
    usernames: Iterable[str], why: Why, *, network: str = "", due_at: datetime | None = None, is_stolen: bool = False
) -> None:
    """In the transaction of what it belongs to: then both are done, or neither. `due_at`: not before. `is_stolen`:
    somebody else was in, and may have left a filter that sends mail on."""
    for row in Ending.objects.ask(usernames, why, network=network, due_at=due_at, is_stolen=is_stolen):
        if row.due_at <= timezone.now():
            jobs.enqueue(row)


def run(pk: int) -> None:
    row = jobs.claim(Ending, pk)
    if row is None:
        return
    hosts = settings.DOVEADM_URLS
    left = {host: passes for host, passes in (row.left or dict.fromkeys(hosts, PASSES)).items() if host in hosts}
    people = _of(row)
    if not people or not left:
        jobs.finish(row, ended_at=timezone.now())
        return
    ended, problems, is_first = Counter[str](), {}, False
    with ThreadPoolExecutor(len(left)) as pool:  # one that is slow does not keep the others waiting
        outcomes = dict(zip(left, pool.map(lambda host: _end_at(host, people, row.network), left), strict=True))
    for host, outcome in outcomes.items():
        if isinstance(outcome, dovecot.Away):
            problems[host] = str(outcome)
            continue
        if left[host] == PASSES:
            is_first = True
            ended += outcome
            if row.forwards is not None:
                row.forwards[host] = _forwards(host, people)
        left[host] -= 1
    _note(row, ended, {host: passes for host, passes in left.items() if passes}, problems, is_first=is_first)


def _of(row: Ending) -> list[str]:
    if row.why != Why.TWO_STEP:
        return list(row.people)
    # Dates move: who has it on now.
    on = User.objects.filter(username__in=list(row.people), two_step_from__lte=timezone.now())
    return list(on.values_list("username", flat=True))


def _end_at(host: str, people: list[str], network: str) -> Counter[str] | dovecot.Away:
    try:
        return dovecot.end(host, people, network)
    except dovecot.Away as problem:
        return problem


def _forwards(host: str, people: list[str]) -> list[str] | None:
    try:
        return sorted({address for name in people for address in dovecot.forwards(host, name)})
    except dovecot.Away as problem:
        logger.warning("Filters could not be looked at (%s): %s", host, problem)
        return None


def _note(row: Ending, ended: Counter[str], left: dict[str, int], problems: dict[str, str], *, is_first: bool) -> None:
    now = timezone.now()
    fields = {
        "left": left,
        "people": {name: count + ended[name] for name, count in row.people.items()},
        "forwards": row.forwards,
        "done": row.done + ended.total(),
        "ended_at": row.ended_at or (None if PASSES in left.values() else now),
        "attempts": row.attempts + bool(problems),
        "error": " ".join(f"{host}: {problem}" for host, problem in problems.items())[:200],
    }
    with transaction.atomic():
        if not left:
            is_ours = jobs.finish(row, **fields)
        elif problems and now > row.due_at + GIVE_UP_AFTER:
            is_ours = jobs.finish(row, failed=True, **fields)
        else:
            growing = min(settings.SMS_REQUEUE_AFTER * 2 ** min(row.attempts, 10), LONGEST_PAUSE)
            is_ours = jobs.pause(row, now + (SETTLE if is_first or not problems else growing), **fields)
        if is_ours and ended:
            _record(ended)
    if problems:
        _tell(row, fields["error"], given_up=now > row.due_at + GIVE_UP_AFTER)


@dataclass(frozen=True)
class _Gone:
    """Somebody who is deleted, for the log."""

    username: str
    pk: int | None = None


def _record(ended: Counter[str]) -> None:
    users = {user.username: user for user in User.objects.filter(username__in=list(ended))}
    events.record_each(
        events.Kind.MAIL_ENDED,
        [(users.get(name) or _Gone(name), {"connections": count}) for name, count in sorted(ended.items())],
    )


def _tell(row: Ending, error: object, *, given_up: bool) -> None:
    if given_up:
        logger.error("Connections of mail programs were not ended, for a day, and may go on (%s): %s", row, error)
    elif row.attempts + 1 == LOUD_AFTER:
        logger.error("Connections of mail programs cannot be ended (%s): %s", row, error)
    else:
        logger.warning("Connections of mail programs are not ended yet (%s): %s", row, error)


# --- What is told ----------------------------------------------------------------------------------------------------

SHOWN_FOR = timedelta(minutes=2)  # to whom it concerns; what is not done, for as long as it is not
WITHIN = GIVE_UP_AFTER + timedelta(days=1)


@dataclass(frozen=True)
class Told:
    """What became of the latest ending of one person."""

    row: Ending
    connections: int

    @property
    def forwards(self) -> list[str] | None:
        """Where filters send mail on, as far as mail servers say it; None: none of them does."""
        said = [found for found in (self.row.forwards or {}).values() if found is not None]
        return sorted({address for found in said for address in found}) if said else None


def latest(username: str, shown_for: timedelta = SHOWN_FOR) -> Told | None:
    if not settings.DOVEADM_URLS:
        return None
    now = timezone.now()
    rows = Ending.objects.filter(due_at__lte=now, due_at__gt=now - WITHIN, people__has_key=username)
    row = rows.filter(Q(due_at__gt=now - shown_for) | Q(ended_at=None)).order_by("-due_at", "-pk").first()
    return Told(row, row.people[username]) if row else None


def delete_expired() -> None:
    Ending.objects.filter(working=False, asked_at__lt=timezone.now() - settings.SMS_HISTORY_LIFETIME).delete()
