"""Which gateways an SMS may take, in which order: by the country of its number, and its carrier where that is told."""

import random
from collections.abc import Iterator

from django.conf import settings

from accounts.delivery import gateways
from accounts.delivery.models import Sms
from accounts.lib import numbers

# To whom the mainland's numbers were given, by their first three digits. The library of numbers would tell it from
# tables of many megabytes; where it is wrong about one (170 is shared), another gateway follows.
CARRIERS = {
    "mobile": "134 135 136 137 138 139 147 148 150 151 152 157 158 159 165 172 178 182 183 184 187 188 195 197 198",
    "unicom": "130 131 132 145 146 155 156 166 167 171 175 176 185 186 196",
    "telecom": "133 149 153 162 173 174 177 180 181 189 190 191 193 199",
    "broadnet": "192",
}


def of(sms: Sms) -> list[str]:
    """All of them, the first to be asked first. The same for the same row, whenever it is asked."""
    if sms.via:
        return [sms.via]
    chance = random.Random(sms.pk)  # noqa: S311 (it shares out, and keeps no secret)
    names = [name for step in _steps(sms.number) for name in _shuffled(step, chance)]
    return [name for name in names if gateways.carries(name, sms.purpose) and _reaches(name, sms)]


def _reaches(name: str, sms: Sms) -> bool:
    """Who it is for, or anybody where that is not said; looked up only where it matters."""
    return not sms.user_id or gateways.reaches(name, lambda: sms.user.username)


def _steps(number: str) -> list[list[tuple[str, int]]]:
    country = str(numbers.country(number))
    for where, carrier, steps in settings.SMS_ROUTES:
        if where in ("*", country) and (not carrier or carrier == carrier_of(number)):
            return steps
    return [[(name, 1)] for name in gateways.configured()]


def carrier_of(number: str) -> str:
    """Whose it was first: its owner may have taken it to another one. Empty: nobody knows."""
    if not number.startswith("+86"):
        return ""
    return next((name for name, prefixes in CARRIERS.items() if number[3:6] in prefixes.split()), "")


def _shuffled(step: list[tuple[str, int]], chance: random.Random) -> Iterator[str]:
    """Each time one of those that are left, by their weights."""
    left = dict(step)
    while left:
        name = chance.choices(list(left), list(left.values()))[0]
        del left[name]
        yield name
