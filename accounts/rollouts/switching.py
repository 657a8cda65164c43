"""Two-step gets its date: for some people at once, and batch by batch for a roll-out."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Case, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Coalesce, Least
from django.utils import timezone

from accounts.jobs import jobs
from accounts.lib.batches import BATCH, batches
from accounts.log import events
from accounts.mailsessions import mailsessions
from accounts.mailsessions.mailsessions import Why
from accounts.rollouts.models import Exemption, Rollout, RolloutMember
from accounts.users.models import User

Fate = RolloutMember.Fate


def fates(keys: Sequence[int], start: datetime) -> dict[int, str]:
    """What the date would mean to each of these people."""
    found: dict[int, str] = {}
    for batch in batches(keys):
        exempt = set(_exempt(batch, start).values_list("user_id", flat=True))
        for pk, date in User.objects.filter(pk__in=batch).values_list("pk", "two_step_from"):
            if pk in exempt:
                found[pk] = Fate.EXEMPT
            else:
                found[pk] = Fate.EARLIER if date and date <= start else Fate.SET
    return found


def _exempt(keys: Sequence[int], start: datetime) -> Any:
    return Exemption.in_force(max(start, timezone.now()), user__in=keys)


def switch_on(keys: Sequence[int], start: datetime, *, actor: User | None, address: str = "", **detail: Any) -> int:
    """From `start`; an earlier date stays, and so does an exemption that lasts longer. Returns for how many it changed
    something."""
    changed = 0
    for batch in batches(keys):
        with transaction.atomic():
            changed += len(_set(batch, start, actor=actor, address=address, **detail))
    return changed


def _set(keys: Sequence[int], start: datetime, *, actor: User | None, address: str, **detail: Any) -> list[int]:
    """In a transaction. The keys of those who got the date."""
    now = timezone.now()
    # Locked in one order, before it is asked who is exempt: an exemption is made behind the same lock.
    people = {
        user.pk: user
        for user in User.objects.filter(pk__in=keys)
        .order_by("pk")
        .select_for_update()
        .only("pk", "username", "two_step_from")
    }
    exempt = set(_exempt(keys, start).values_list("user_id", flat=True))
    without = Exemption.in_force(now, user__in=exempt)
    without.update(otherwise=Least(Coalesce("otherwise", Value(start)), Value(start)))
    due = [
        user
        for user in people.values()
        if user.pk not in exempt and (user.two_step_from is None or user.two_step_from > start)
    ]
    got = [user.pk for user in due]
    User.objects.filter(pk__in=got).update(two_step_from=start)
    mailsessions.end([user.username for user in due], Why.TWO_STEP, due_at=start)
    events.record_many(events.Kind.TWO_STEP_SET, due, actor=actor, address=address, start=start, **detail)
    return got


def run(pk: int) -> None:
    """Carry a roll-out out, as far as it was not yet. Each batch is done whole or not at all, and by one worker."""
    rollout = jobs.claim(Rollout, pk)
    if rollout is None:
        return
    clerk = rollout.made_by
    while _batch(rollout, clerk):
        pass


def _batch(rollout: Rollout, clerk: User | None) -> bool:
    """Whether there is more to do."""
    with transaction.atomic():
        # Behind this line only the owner of the claim goes on; another worker, or a pause, waits for its end.
        if not jobs.beat(rollout, tries=1):
            return False
        to_do = RolloutMember.objects.filter(rollout=rollout, fate="").order_by("user_id")
        keys = list(to_do.values_list("user_id", flat=True)[:BATCH])
        if keys:
            _carry_out(rollout, keys, clerk)
            done = rollout.members.exclude(fate="").count()
            jobs.beat(rollout, done=done)
            return True
        jobs.finish(rollout, status=Rollout.Status.DONE, carried_out_at=timezone.now())
        return False


def _carry_out(rollout: Rollout, keys: Sequence[int], clerk: User | None) -> None:
    User.objects.hold(*keys)  # who takes another roll-out back holds them before he comes to these members
    members = RolloutMember.objects.filter(rollout=rollout, user__in=keys)
    exempt = list(_exempt(keys, rollout.start).values_list("user_id", flat=True))
    own_date = User.objects.filter(pk=OuterRef("user_id")).values("two_step_from")
    without = Exemption.in_force(user=OuterRef("user_id")).values("otherwise")
    members.update(
        before=Case(When(user__in=exempt, then=Subquery(without)), default=Subquery(own_date)),
    )
    got = _set(keys, rollout.start, actor=clerk, address="", rollout=rollout.pk)
    members.update(
        fate=Case(
            When(user__in=got, then=Value(Fate.SET)),
            When(user__in=exempt, then=Value(Fate.EXEMPT)),
            default=Value(Fate.EARLIER),
        )
    )


def take_back(rollout: Rollout, clerk: User, address: str = "") -> int:
    """In a transaction. Who got the date, and it has not come, has again what he would have without this roll-out."""
    if rollout.has_come():
        return 0
    members = dict(rollout.members.filter(fate=Fate.SET).values_list("user_id", "before"))
    held = {
        user.pk: user
        for batch in batches(members)
        for user in User.objects.filter(pk__in=batch, two_step_from=rollout.start)
        .order_by("pk")
        .select_for_update()
        .only("pk", "username")
    }
    others = _others(rollout, held)
    dates: dict[datetime | None, list[int]] = {}
    for pk in held:
        wanted = [date for date in (members[pk], others.get(pk)) if date]
        dates.setdefault(min(wanted, default=None), []).append(pk)
    for date, keys in dates.items():
        for batch in batches(keys):
            User.objects.filter(pk__in=batch).update(two_step_from=date)
            moved = [held[pk] for pk in batch if date != rollout.start]
            detail = {"start": date, "rollout": rollout.pk}
            events.record_many(events.Kind.TWO_STEP_TAKEN_BACK, moved, actor=clerk, address=address, **detail)
    _forget(rollout)
    return sum(len(keys) for date, keys in dates.items() if date != rollout.start)


def _others(rollout: Rollout, keys: Iterable[int]) -> dict[int, datetime]:
    """What other roll-outs that are in force want for them."""
    found: dict[int, datetime] = {}
    live = RolloutMember.objects.filter(rollout__status=Rollout.Status.DONE).exclude(rollout=rollout)
    for batch in batches(keys):
        rows = live.filter(user__in=batch).exclude(fate=Fate.TAKEN_BACK).values_list("user_id", "rollout__start")
        for pk, start in rows:
            found[pk] = min(start, found.get(pk, start))
    return found


def _forget(rollout: Rollout) -> None:
    """What remembers the date of this roll-out as the one before, or as the one without an exemption."""
    mine = RolloutMember.objects.filter(rollout=rollout, user=OuterRef("user_id")).values("before")
    member_of_it = Q(user__in=rollout.members.values("user_id"))
    later = RolloutMember.objects.filter(member_of_it, before=rollout.start).exclude(rollout=rollout)
    later.update(before=Subquery(mine))
    Exemption.in_force().filter(member_of_it, otherwise=rollout.start).update(otherwise=Subquery(mine))
    rollout.members.exclude(fate=Fate.EARLIER).update(fate=Fate.TAKEN_BACK)
