"""The ways of SMS, as one line says them: which gateways a country gets, what they cost, how much may be spent, from
where they report.

SMS_ROUTES=86 unicom: tencent > alibaba; 86: alibaba*3, tencent > twilio; *: twilio
SMS_PRICES=alibaba: 0.045; twilio: 0.32; twilio 852: 0.08
SMS_BUDGETS=852: 200; twilio: 300 money; *: 20000, 900 money
SMS_RECEIPT_NETWORKS=campus: 10.3.0.0/24; alibaba: 203.0.113.0/24, 198.51.100.7
"""

import re
from collections.abc import Iterator

from portal.environment import hosts
from portal.environment.hosts import Network
from portal.environment.kinds import Hint

Step = list[tuple[str, int]]  # gateways that share it, by their weights
Route = tuple[str, str, list[Step]]  # calling code or *, carrier or nothing, what is tried one after the other

CARRIERS = ("mobile", "unicom", "telecom", "broadnet")
UNIT = 10_000  # in one of whatever the prices are in

ROUTES = (
    'for each country its gateways, as in "86 unicom: tencent > alibaba; 86: alibaba*3, tencent > twilio; *: twilio": '
    "> leads to the next if one does not work, a comma shares between two, * says how much more one gets"
)
PRICES = 'for each gateway what one SMS costs, as in "alibaba: 0.045; twilio: 0.32; twilio 852: 0.08"'
BUDGETS = (
    "how many SMS or how much money a day, for a country, a gateway or * for all, as in "
    '"852: 200; twilio: 300 money; *: 20000, 900 money"'
)

NETWORKS = (
    "for each gateway the networks that it reports from, as in "
    '"campus: 10.3.0.0/24; alibaba: 203.0.113.0/24, 198.51.100.7"'
)


def _parts(value: str) -> Iterator[tuple[str, str]]:
    """What stands before and after each colon."""
    for part in filter(None, map(str.strip, value.split(";"))):
        before, colon, after = part.partition(":")
        if not colon:
            raise Hint(f'"{part}" has no colon.')
        yield " ".join(before.split()), after.strip()


def _gateway(name: str, gateways: tuple[str, ...]) -> str:
    if name not in gateways:
        raise Hint(f'"{name}" is not among the gateways: {", ".join(gateways)}.')
    return name


def _country(code: str) -> str:
    if not re.fullmatch("[1-9][0-9]{0,2}", code):
        raise Hint(f'"{code}" is no calling code.')
    return code


def routes(value: str, gateways: tuple[str, ...]) -> list[Route]:
    found: list[Route] = []
    for before, after in _parts(value):
        country, _, carrier = before.partition(" ")
        if country != "*":
            _country(country)
        if carrier and (country != "86" or carrier not in CARRIERS):
            raise Hint(f'"{before}": of carriers there are 86 {", 86 ".join(CARRIERS)}.')
        if any(where in (country, "*") and of in ("", carrier) for where, of, _steps in found):
            raise Hint(f'"{before}" comes after what covers it already: the first that fits is taken.')
        found.append((country, carrier, [_step(step, gateways) for step in after.split(">")]))
    return found


def _step(text: str, gateways: tuple[str, ...]) -> Step:
    step: Step = []
    for part in text.split(","):
        name, star, weight = map(str.strip, part.partition("*"))
        if star and not re.fullmatch("[1-9][0-9]{0,3}", weight):
            raise Hint(f'"{part.strip()}": the weight is a whole number from 1 to 9999.')
        step.append((_gateway(name, gateways), int(weight or 1)))
    return step


def prices(value: str, gateways: tuple[str, ...]) -> dict[tuple[str, str], int]:
    """By gateway and +country; without a country for all that are not named. In ten-thousandths."""
    found = {}
    for before, after in _parts(value):
        name, _, country = before.partition(" ")
        where = f"+{_country(country)}" if country else ""
        found[_gateway(name, gateways), where] = _money(after)
    return found


def _money(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,4})?", text):
        raise Hint(f'"{text}" is no amount, such as 0.045 (four decimals at most).')
    whole, _, part = text.partition(".")
    return int(whole) * UNIT + int(part.ljust(4, "0"))


def budgets(value: str, gateways: tuple[str, ...]) -> dict[str, tuple[int | None, int | None]]:
    """By gateway, +country or *: how many SMS, how much money in ten-thousandths."""
    found = {}
    for before, after in _parts(value):
        of = f"+{_country(before)}" if before.isdigit() else before
        if not before.isdigit() and before != "*":
            _gateway(before, gateways)
        messages = money = None
        for amount in map(str.strip, after.split(",")):
            if amount.endswith("money"):
                money = _money(amount.removesuffix("money").strip())
            elif re.fullmatch("[0-9]{1,9}", amount):
                messages = int(amount)
            else:
                raise Hint(f'"{amount}" is neither a number of SMS nor an amount of money, such as 300 money.')
        found[of] = messages, money
    return found


def networks(value: str, gateways: tuple[str, ...]) -> dict[str, list[Network]]:
    """By gateway."""
    found = {_gateway(before, gateways): hosts.networks(after) for before, after in _parts(value)}
    if empty := [name for name, named in found.items() if not named]:
        raise Hint(f'"{empty[0]}" names no network: leave it out, and it may report from anywhere.')
    return found
