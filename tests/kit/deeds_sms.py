"""What workers and gateways do with SMS in a crowd (tests/kit/deeds.py)."""

from datetime import datetime

from accounts.delivery import receipts, sending, sweeps
from accounts.delivery.claims import ClaimLost
from accounts.delivery.gateways.receipts import Receipt
from accounts.delivery.models import Sms
from accounts.routes import outages, routing, spending


def deliver(sms: int) -> None:
    sending.send(Sms, sms, routing.carry)


def sweep() -> list[int]:
    """The SMS among what it found; mails have keys of their own."""
    return [row.pk for row in sweeps.unclaimed() if isinstance(row, Sms)]


def lose_gateway(gateway: str) -> bool:
    return outages.begin(gateway, "", "ConnectTimeout")


def probe_gateway(gateway: str) -> bool:
    return outages.claim_probe(outages.current([gateway])[gateway])


def find_gateway(gateway: str) -> None:
    outages.end(outages.current([gateway]).get(gateway, []))


def go_on_or_sweep(sms: int = 0, claimed_at: str = "") -> str:
    """A worker that was so slow after its claim that it is taken for dead; or a sweep, and who sends what it finds."""
    if not sms:
        for pk in sweep():
            deliver(pk)
        return "SWEPT"
    row = Sms.objects.select_related("user").get(pk=sms)
    row.claimed_at = datetime.fromisoformat(claimed_at)
    try:
        routing.carry(row)
    except ClaimLost:
        return "LOST"
    return "SENT"


def report(gateway: str, gateway_id: str, status: str) -> int:
    return receipts.note(
        gateway, [Receipt(status=status, gateway_id=gateway_id, error="" if status == "sent" else "x")]
    )


def pay(sms: int, gateway: str) -> bool:
    return spending.begin(Sms.objects.get(pk=sms), gateway) is not None
