"""Gateways that the office has switched off, one or all of them. Whoever sends reads it first: it holds at once."""

from django.db import transaction
from django.utils import timezone

from accounts.delivery import gateways
from accounts.lib.compiled import Query
from accounts.log import events
from accounts.routes import outages
from accounts.routes.models import ALL, Gateway
from accounts.users.models import User


def off() -> set[str]:
    """By their names."""
    names = set(OFF.all())
    return names | set(gateways.configured()) if ALL in names else names


OFF = Query(lambda: Gateway.objects.filter(is_on=False).values_list("name", flat=True))


def switch(name: str, *, on: bool, reason: str, by: User, address: str) -> bool:
    """False: it was like that already. On again, a gateway is asked again at once, whatever it did before."""
    with transaction.atomic():
        row, _is_new = Gateway.objects.select_for_update().get_or_create(name=name)
        changed = Gateway.objects.filter(pk=row.pk, is_on=not on).update(
            is_on=on, reason=reason, switched_at=timezone.now(), switched_by=by
        )
        if not changed:
            return False
        events.record(
            events.Kind.GATEWAY_SWITCHED, None, actor=by, address=address, gateway=name, on=on, **events.because(reason)
        )
        if on:
            outages.end_all(name)
    return True
