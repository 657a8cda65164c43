"""How the IT office is reached: what SUPPORT_CONTACT says, with the numbers in it to be called."""

from collections.abc import Iterator
from functools import lru_cache

import phonenumbers
from django.conf import settings
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from phonenumbers import Leniency, PhoneNumberFormat, PhoneNumberMatch, PhoneNumberMatcher


def link() -> SafeString:
    return linked(settings.SUPPORT_CONTACT)


@lru_cache(maxsize=8)
def linked(text: str) -> SafeString:
    return format_html_join("", "{}", ((part,) for part in _parts(text)))


def _parts(text: str) -> Iterator[str]:
    end = 0
    for found in PhoneNumberMatcher(text, settings.PHONENUMBER_DEFAULT_REGION, leniency=Leniency.POSSIBLE):
        yield text[end : found.start]
        yield format_html('<a class="call" href="{}">{}</a>', _address(found), found.raw_string)
        end = found.end
    yield text[end:]


def _address(found: PhoneNumberMatch) -> str:
    """A number without its area code is called as it stands."""
    if phonenumbers.is_valid_number(found.number):
        return phonenumbers.format_number(found.number, PhoneNumberFormat.RFC3966)
    return f"tel:{phonenumbers.normalize_digits_only(found.raw_string)}"
