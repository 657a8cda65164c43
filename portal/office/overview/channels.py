"""How the SMS gateways stand: on or off, out or not, what they did today and what it cost."""

from collections import Counter
from dataclasses import dataclass, field
from statistics import median

from django.conf import settings
from django.db.models import Count, QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.delivery import explanations, gateways
from accounts.delivery.models import Attempt, Sms
from accounts.lib import clock
from accounts.routes import outages, spending
from accounts.routes.models import ALL, Gateway, Outage, Spending

Outcome = Attempt.Outcome
PACE_OF = 200  # SMS
CARRIERS = {
    "mobile": gettext_lazy("China Mobile"),
    "unicom": gettext_lazy("China Unicom"),
    "telecom": gettext_lazy("China Telecom"),
    "broadnet": gettext_lazy("China Broadnet"),
}


@dataclass(frozen=True)
class Standing:
    name: str
    switch: Gateway | None
    outages: list[Outage]
    all_off: bool
    counts: Counter[str] = field(default_factory=Counter)  # of today, by outcome
    verified: int = 0
    money: str = ""
    pace: str = ""

    @property
    def is_on(self) -> bool:
        return self.switch is None or self.switch.is_on

    @property
    def asked(self) -> int:
        return self.counts.total()

    @property
    def handed_over(self) -> int:
        return sum(self.counts[outcome] for outcome in Attempt.HANDED_OVER)

    @property
    def delivered(self) -> int:
        return self.counts[Outcome.DELIVERED]

    @property
    def failed(self) -> int:
        return self.asked - self.counts[Outcome.DELIVERED] - self.counts[Outcome.SENT] - self.counts[Outcome.CLAIMED]

    @property
    def troubles(self) -> list[str]:
        return [said(outage) for outage in self.outages]


def said(outage: Outage) -> str:
    """Since when a gateway is out, for what, why, and when it is tried again."""
    country, _space, purpose = outage.scope.partition(" ")
    what = f"{country} {dict(Sms.Purpose.choices).get(purpose, purpose)}" if outage.scope else _("all SMS")
    told = {
        "what": what,
        "since": clock.briefly(outage.began_at),
        "why": _why(outage.error),
        "next": clock.briefly(outage.probe_at),
    }
    return _("Left out since %(since)s for %(what)s: %(why)s. One SMS tries it from %(next)s on.") % told


def _why(error: str) -> str:
    """Within a sentence."""
    meaning = explanations.of(error).rstrip("。.")
    return _("%(error)s: %(what)s") % {"what": meaning, "error": error} if meaning else error


def all_of_them() -> list[Standing]:
    names = gateways.configured()
    switches = {row.name: row for row in Gateway.objects.select_related("switched_by")}
    out, counts, money = outages.current(names), _counts(), _money()
    all_off = ALL in switches and not switches[ALL].is_on
    verified = dict(_today().filter(sms__used_at__isnull=False, outcome__in=Attempt.HANDED_OVER)
                    .values_list("gateway").annotate(all=Count("sms", distinct=True)))  # fmt: skip
    return [
        Standing(
            name,
            switches.get(name),
            out.get(name, []),
            all_off,
            counts[name],
            verified.get(name, 0),
            money.get(name, ""),
            _pace(name),
        )
        for name in names
    ]


def _today() -> QuerySet[Attempt]:
    return Attempt.objects.filter(started_at__gte=clock.midnight(timezone.localdate())).order_by()


def _counts() -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = {name: Counter() for name in gateways.configured()}
    for name, outcome, count in _today().values_list("gateway", "outcome").annotate(all=Count("pk")):
        found.setdefault(name, Counter())[outcome] = count
    return found


def _money() -> dict[str, str]:
    spent = _today().filter(price__gt=0).values_list("gateway").annotate(all=Sum("price"))
    return {name: amount(price) for name, price in spent}


def amount(price: int) -> str:
    return f"{price / spending.UNIT:,.2f}"


def _pace(name: str) -> str:
    """From the request to the gateway's answer, of the last ones of today."""
    rows = _today().filter(gateway=name, outcome__in=(Outcome.SENT, Outcome.DELIVERED)).order_by("-pk")
    spans = rows.values_list("sms__created_at", "ended_at")[:PACE_OF]
    seconds = [max((end - begin).total_seconds(), 0) for begin, end in spans if end]
    return f"{median(seconds):.1f} s" if seconds else ""


@dataclass(frozen=True)
class Budget:
    of: str
    messages: int
    money: str
    most: int | None
    most_money: str


def budgets() -> list[Budget]:
    """What they hold today."""
    rows = {row.of: row for row in Spending.objects.filter(day=timezone.localdate())}
    found = []
    for of, (most, most_money) in settings.SMS_BUDGETS.items():
        row = rows.get(of) or Spending(of=of)
        limit = amount(most_money) if most_money is not None else ""
        found.append(Budget(of, row.messages, amount(row.money), most, limit))
    return found


def routes() -> list[tuple[str, str]]:
    """As they are in force, in words."""
    told = [(f"+{where} {CARRIERS.get(carrier, '')}".strip() if where != "*" else "*", _steps(steps))
            for where, carrier, steps in settings.SMS_ROUTES]  # fmt: skip
    return told if any(where == "*" for where, _ in told) else [*told, ("*", " → ".join(gateways.configured()))]


def _steps(steps: list[list[tuple[str, int]]]) -> str:
    return " → ".join(", ".join(f"{name} × {weight}" if len(step) > 1 else name for name, weight in step)
                      for step in steps)  # fmt: skip
