"""What needs somebody today: trouble first, then work that runs. For each its list, narrowed to just that."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Model, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.bans import bans, brake
from accounts.bans.models import Ban
from accounts.delivery import gateways
from accounts.delivery.models import Delivery, Sms
from accounts.directory.models import Sync
from accounts.imports.models import Roster
from accounts.jobs.models import Job
from accounts.lib import clock, series
from accounts.log.models import SecurityEvent
from accounts.rollouts.models import Rollout
from accounts.routes import outages
from accounts.routes.models import ALL, Gateway
from accounts.users import clerks
from accounts.users.models import User
from accounts.users.permissions import right
from portal.office.overview import channels
from portal.operations import heartbeats

RECENT = timedelta(hours=24)
STUCK = timedelta(minutes=1)  # an SMS that waits so long has no worker, or no gateway
JUST_NOW = timedelta(hours=1)
GUESSED_SHOWN = 20


@dataclass(frozen=True)
class Item:
    text: str
    url: str
    is_trouble: bool = False


def items(clerk: Any) -> list[Item]:
    """What this clerk may know of."""
    now = timezone.now()
    found = list(_guessed(clerk))
    found += [item for model, tell in SOURCES if clerk.has_perm(right("view", model)) for item in tell(now)]
    return sorted(found, key=lambda item: not item.is_trouble)


def _guessed(clerk: Any) -> Iterator[Item]:
    """Whose mailbox password is guessed at from many addresses, the latest first."""
    if not (clerk.has_perm(right("view", Ban)) and clerk.has_perm(right("view", User))):
        return
    for one in brake.on().filter(user__in=clerks.visible(clerk))[:GUESSED_SHOWN]:
        told = {"who": one.user.username, "until": clock.briefly(one.began_at + settings.BRAKE_WITHIN)}
        text = _(
            "Somebody is guessing at the mailbox password of %(who)s from many addresses: until %(until)s it is good "
            "only where it was used before."
        )
        yield Item(text % told, reverse("admin:desk", args=[one.user_id]), is_trouble=True)


def _parts(_now: datetime) -> Iterator[Item]:
    """Workers that nobody has heard of, and machines whose clock is wrong: whoever waits for a code calls the desk."""
    if queues := heartbeats.silent():
        text = _("Nothing has been heard from the workers for %(queues)s: until they run, this work waits.")
        yield Item(text % {"queues": series.join(queues)}, _list(Sms), is_trouble=True)
    for host, seconds in heartbeats.wrong_clocks().items():
        text = _("The clock of %(host)s is %(seconds)s seconds off the database’s. Times go by the database’s clock.")
        yield Item(text % {"host": host, "seconds": f"{seconds:+.0f}"}, _list(Sms), is_trouble=True)


def _list(model: type[Model], **lookups: str | int) -> str:
    page = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    return f"{page}?{urlencode(lookups)}" if lookups else page


def _sms(now: datetime) -> Iterator[Item]:
    waiting = Sms.objects.filter(
        status__in=Delivery.WAITING, created_at__range=(now - JUST_NOW, now - STUCK), expires_at__gt=now
    ).count()
    if waiting:
        text = ngettext(
            "%(n)s SMS has been waiting for more than a minute: check the worker and the gateway.",
            "%(n)s SMS have been waiting for more than a minute: check the worker and the gateway.",
            waiting,
        )
        lookups = {"status__in": ",".join(Delivery.WAITING), "created_at__gte": str(now - JUST_NOW)}
        yield Item(text % {"n": waiting}, _list(Sms, **lookups), is_trouble=True)
    failed = Sms.objects.filter(status=Delivery.Status.FAILED, created_at__gt=now - RECENT)
    ours = failed.filter(Q(reason=Delivery.Reason.OFFICE)).count()
    if ours:
        text = ngettext(
            "%(n)s SMS failed today because the gateway refuses to work for us.",
            "%(n)s SMS failed today because the gateway refuses to work for us.",
            ours,
        )
        yield Item(text % {"n": ours}, _failed(now), is_trouble=True)
    others = failed.count() - ours
    if others:
        text = ngettext("%(n)s SMS failed within a day.", "%(n)s SMS failed within a day.", others)
        yield Item(text % {"n": others}, _failed(now))


def _failed(now: datetime) -> str:
    return _list(Sms, status__exact=Delivery.Status.FAILED, created_at__gte=str(now - RECENT))


def _bans(_now: datetime) -> Iterator[Item]:
    count = Ban.objects.filter(bans.in_force()).count()
    if count:
        text = ngettext("%(n)s ban is in force.", "%(n)s bans are in force.", count)
        yield Item(text % {"n": count}, _list(Ban))


def _jobs(model: type[Job], running: str, stopped: str) -> Iterator[Item]:
    for row in model._default_manager.filter(Q(working=True) | Q(failed=True)).order_by("-pk")[:5]:
        page = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[row.pk])
        words = stopped if row.failed else running
        yield Item(words % {"what": row}, page, is_trouble=row.failed)


def _rollouts(_now: datetime) -> Iterator[Item]:
    yield from _jobs(Rollout, _("Roll-out “%(what)s” is running."), _("Roll-out “%(what)s” was stopped by an error."))


def _imports(_now: datetime) -> Iterator[Item]:
    yield from _jobs(Roster, _("Import “%(what)s” is running."), _("Import “%(what)s” was stopped by an error."))


def _syncs(_now: datetime) -> Iterator[Item]:
    running = _("People are compared with the directory (%(what)s).")
    yield from _jobs(Sync, running, _("The comparison with the directory of %(what)s was stopped by an error."))


def _help_codes(now: datetime) -> Iterator[Item]:
    kind = SecurityEvent.Kind.HELP_CODE_ISSUED
    count = SecurityEvent.objects.filter(kind=kind, at__gt=now - RECENT).count()
    if count:
        text = ngettext(
            "%(n)s help-desk code was given within a day.", "%(n)s help-desk codes were given within a day.", count
        )
        yield Item(text % {"n": count}, _list(SecurityEvent, kind__exact=kind, at__gte=str(now - RECENT)))


def _directory(_now: datetime) -> Iterator[Item]:
    """What became of the last time that people were taken from the directory."""
    kinds = SecurityEvent.Kind.PEOPLE_SYNCED, SecurityEvent.Kind.SYNC_FAILED
    last = SecurityEvent.objects.filter(kind__in=kinds, at__gt=timezone.now() - RECENT).order_by("-pk").first()
    if last is None:
        return
    page = _list(SecurityEvent, kind__exact=last.kind)
    held = last.detail.get("held", 0)
    if last.kind == SecurityEvent.Kind.SYNC_FAILED:
        text = _("People could not be taken from the directory: nothing was changed.")
        yield Item(text, page, is_trouble=True)
    elif held:
        text = ngettext(
            "%(n)s person is no longer in the directory and was not disabled, since so many at once are unusual: "
            "an administrator must compare with the directory and confirm it.",
            "%(n)s people are no longer in the directory and were not disabled, since so many at once are unusual: "
            "an administrator must compare with the directory and confirm it.",
            held,
        )
        yield Item(text % {"n": held}, _list(Sync), is_trouble=True)


def _gateways(_now: datetime) -> Iterator[Item]:
    page = reverse("admin:routes_gateway_changelist")
    off = set(Gateway.objects.filter(is_on=False).values_list("name", flat=True))
    if ALL in off:
        yield Item(_("All SMS gateways are switched off: no SMS leaves."), page, is_trouble=True)
    for name in gateways.configured():
        if name in off:
            yield Item(_("The SMS gateway %(name)s is switched off.") % {"name": name}, page)
    for name, found in outages.current(gateways.configured()).items():
        told = {"name": name, "what": channels.said(found[0])}
        yield Item(_("SMS gateway %(name)s: %(what)s") % told, page, is_trouble=True)


SOURCES: tuple[tuple[type[Model], Callable[[datetime], Iterator[Item]]], ...] = (
    (Sms, _sms),
    (Gateway, _gateways),
    (Sms, _parts),
    (Rollout, _rollouts),
    (Roster, _imports),
    (Sync, _syncs),
    (Ban, _bans),
    (SecurityEvent, _help_codes),
    (SecurityEvent, _directory),
)
