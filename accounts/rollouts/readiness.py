"""Figures about the people of a roll-out: what stands in their way, and how far they are. Counted by the database."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from accounts.maillogins.models import MailLogin
from accounts.rollouts import selection
from accounts.rollouts.models import Exemption, ReminderMail, Rollout, RolloutMember
from accounts.users import ways
from accounts.users.models import User
from accounts.users.ways import Way

Fate = RolloutMember.Fate
SHOWN = 50


def old_programs(user: str = "user_id") -> Exists:
    """Whether a mail program of the person still signs in with the mailbox password."""
    return Exists(MailLogin.with_mailbox_password(user=OuterRef(user)))


def has_app_password(user: str = "user_id") -> Exists:
    """Asked through the relation: the app that keeps them is built on this one."""
    return Exists(User.objects.filter(pk=OuterRef(user), app_passwords__isnull=False))


@dataclass(frozen=True)
class DryRun:
    total: int
    fates: dict[str, int]
    disabled: int
    unbound: int  # nothing with which to take the second step
    ways: list[tuple[Way, int]]  # how many have each; some have several
    old_programs: int
    busiest: tuple[str, int]  # an address, and how many people's old programs come from it
    left_out: int
    exemptions: list[Exemption]
    departments: list[dict[str, Any]]
    first: list[RolloutMember]
    clerk_is_unbound: bool

    @property
    def storm(self) -> bool:
        """Whether wrong passwords of one day may well reach the ceiling of a shared network (docs/decisions/0006)."""
        ceiling: int = settings.SHARED_NETWORK_FAILURES
        return self.old_programs >= ceiling or self.busiest[1] * 2 >= ceiling


def dry_run(rollout: Rollout, clerk: User) -> DryRun:
    members = rollout.members.all()
    touched = members.filter(planned=Fate.SET)
    with_old = touched.filter(old_programs())
    keys = members.filter(planned=Fate.EXEMPT).values("user_id")
    exemptions = Exemption.in_force(user__in=keys).select_related("user", "made_by").order_by("until")
    return DryRun(
        total=members.count(),
        fates=dict(members.values_list("planned").annotate(Count("pk")).order_by("planned")),
        disabled=members.filter(user__is_active=False).count(),
        unbound=touched.filter(ways.are_not_ready("user_id")).count(),
        ways=[(way, touched.filter(ways.have([way], "user_id")).count()) for way in ways.allowed()],
        old_programs=with_old.count(),
        busiest=_busiest(with_old),
        left_out=selection.left_out(rollout.choice, clerk),
        exemptions=list(exemptions[:SHOWN]),
        departments=departments(touched),
        first=list(members.select_related("user", "user__phone").order_by("user__username")[:SHOWN]),
        clerk_is_unbound=touched.filter(ways.are_not_ready("user_id"), user=clerk).exists(),
    )


def _busiest(members: QuerySet[RolloutMember]) -> tuple[str, int]:
    logins = MailLogin.with_mailbox_password(user__in=members.values("user_id"))
    counted = logins.exclude(address="").values_list("address").annotate(people=Count("user_id", distinct=True))
    return counted.order_by("-people", "address").first() or ("", 0)


def departments(members: QuerySet[RolloutMember]) -> list[dict[str, Any]]:
    """By department: people, and how far they are. `ready` have a way to take the second step, and no old program
    without an app password."""
    old, app, bound = old_programs(), has_app_password(), ways.are_ready("user_id")
    rows = (
        members.values("user__department")
        .annotate(
            people=Count("pk"),
            bound=Count("pk", filter=bound),
            app=Count("pk", filter=Q(app)),
            old=Count("pk", filter=Q(old)),
            ready=Count("pk", filter=bound & (~Q(old) | Q(app))),
        )
        .order_by("user__department")
    )
    return [
        {
            **row,
            "name": row["user__department"],
            "unbound": row["people"] - row["bound"],
            "share": _shares({**row}),
        }
        for row in rows
    ]


def _shares(row: dict[str, Any]) -> dict[str, float]:
    """Percent of a bar: ready, then those with a way to verify only, then the rest."""
    people = max(row["people"], 1)
    ready = round(100 * row["ready"] / people, 2)
    half = round(100 * (row["bound"] - row["ready"]) / people, 2)
    return {"ready": ready, "half": half, "none": round(100 - ready - half, 2), "rest_at": round(ready + half, 2)}


def progress(rollout: Rollout) -> list[dict[str, Any]]:
    """Of those who got the date, or had it already."""
    return departments(rollout.members.filter(user__is_active=True).exclude(fate=Fate.EXEMPT))


def total(departments: list[dict[str, Any]]) -> dict[str, Any]:
    names = ("people", "bound", "app", "old", "ready")
    row: dict[str, Any] = {name: sum(department[name] for department in departments) for name in names}
    return row | {"share": _shares(row)}


STATES = ("unbound", "old_programs", "not_ready", "ready", "reminded", "exempt", "earlier")


def people(rollout: Rollout, state: str = "", department: str | None = None) -> QuerySet[RolloutMember]:
    """Members in a state, with what there is to know about each."""
    old, app = old_programs(), has_app_password()
    mails = ReminderMail.objects.filter(reminder__rollout=rollout, user=OuterRef("user_id"))
    found = rollout.members.select_related("user", "user__phone").annotate(
        uses_mailbox_password=old, made_app_password=app, was_reminded=Exists(mails)
    )
    if department is not None:
        found = found.filter(user__department=department)
    bound = ways.are_ready("user_id")
    ready = bound & (Q(uses_mailbox_password=False) | Q(made_app_password=True))
    which = {
        "unbound": ~bound,
        "old_programs": Q(uses_mailbox_password=True),
        "not_ready": ~ready,
        "ready": ready,
        "reminded": Q(was_reminded=True),
        "exempt": Q(fate=Fate.EXEMPT) | Q(fate="", planned=Fate.EXEMPT),
        "earlier": Q(fate=Fate.EARLIER) | Q(fate="", planned=Fate.EARLIER),
    }
    if state in which:
        found = found.filter(which[state])
    return found.order_by("user__username")
