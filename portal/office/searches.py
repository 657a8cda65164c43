"""Who is meant by what a clerk types. Among a million people too an index finds it: a whole address, the end of a phone
number, a part of somebody (migration accounts.0006_parts)."""

import re
import unicodedata
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import connection
from django.db.models import CharField, F, Func, Q, QuerySet, TextField, Value
from django.db.models.functions import Upper

from accounts.lib import invisible
from accounts.phones.models import Phone
from accounts.sealing import atrest
from accounts.users import usernames
from accounts.users.models import User

LAST_DIGITS = atrest.END
WHOLE_NUMBER = 7  # digits that only a phone number has


class Text(Func):
    """Address, name and department in one, as the indexes have it."""

    template = "(%(expressions)s)"
    arg_joiner = " || ' ' || "
    output_field = CharField()

    def __init__(self) -> None:
        super().__init__(F("username"), F("name"), F("department"))


class Characters(Func):
    """Each of them once or more. A part of a Chinese name has one or two, which is too few for an index of three."""

    function = "string_to_array"
    output_field: Any = ArrayField(TextField())

    def __init__(self) -> None:
        super().__init__(Upper(Text()), Value(None))


def last_digits(text: str) -> str | None:
    """What may be searched of a whole phone number that somebody typed; None if it is none."""
    digits = re.sub(r"[\s+()-]", "", unicodedata.normalize("NFKC", invisible.dropped(text)))
    is_number = digits.isascii() and digits.isdigit() and len(digits) >= WHOLE_NUMBER
    return digits[-LAST_DIGITS:] if is_number else None


def find(people: QuerySet[User], text: str) -> QuerySet[User]:
    """By address, name or department, each word of them; or by the last four digits of the phone."""
    text = invisible.dropped(text)
    if text.isascii() and text.isdigit() and len(text) == LAST_DIGITS:
        found = ending(text).values_list("user", "number")
        owners = [user for user, number in found if number.endswith(text)]
        return people.alias(text=Text()).filter(Q(pk__in=owners) | Q(text__icontains=text))
    for word in text.split():
        people = named(people, word)
    return people


def ending(digits: str) -> QuerySet[Phone]:
    ends: QuerySet[Phone] = Phone.objects.filter(number__ends=digits)
    return ends


def named(people: QuerySet[User], word: str) -> QuerySet[User]:
    """Whose address it is, and nobody else then; or of whom it is a part."""
    name = usernames.canonical(word)
    whole = people.filter(username=name)
    return whole if name and whole.exists() else _with_part(people, word)


def _with_part(people: QuerySet[User], word: str) -> QuerySet[User]:
    people = people.alias(text=Text()).filter(text__icontains=word)
    without_case = {character for character in word if not character.isascii() and character.upper() == character}
    if without_case and connection.vendor == "postgresql":
        people = people.alias(characters=Characters())
        return people.filter(characters__contains=sorted(without_case))  # type: ignore[misc]  # an array, not a text
    return people
