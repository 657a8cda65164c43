"""Phone numbers: what a person typed, as E.164, or why it cannot get SMS."""

import re
import unicodedata
from enum import Enum

import phonenumbers
from django.conf import settings
from django.utils.translation import gettext_lazy as _
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberType, ValidationResult

from accounts.lib import invisible


class Refusal(Enum):
    INVALID = _("This is not a phone number. Check the digits.")
    UNKNOWN = _("We do not recognise numbers that begin like this one. Check the digits; if they are right, the IT "
                "office can allow them: %(contact)s")  # fmt: skip
    NOT_MOBILE = _("This is a landline. Enter a mobile number, because the code comes by SMS.")
    SPECIAL = _("Service and premium-rate numbers cannot be used. Enter a mobile number.")
    COUNTRY = _("Numbers of this country or region cannot be used here. Ask the IT office.")

    @property
    def label(self) -> str:
        return str(self.value) % {"contact": settings.SUPPORT_CONTACT or "—"}


_MOBILE = {PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE}


def parse(text: str) -> str | Refusal:
    """E.164. Numbers without a country code are Chinese, or of a region that gets SMS and whose code they begin with;
    full-width digits are understood, and what nobody can see is dropped."""
    text = unicodedata.normalize("NFKC", invisible.dropped(text)).strip()
    found = _read(text)
    if isinstance(found, Refusal) and text[:1].isdigit():
        abroad = _read(f"+{text}")  # 852 9123 4567, without its plus
        return abroad if isinstance(abroad, str) else found
    return found


def _read(text: str) -> str | Refusal:
    try:
        number = phonenumbers.parse(text, settings.PHONENUMBER_DEFAULT_REGION)
    except NumberParseException:
        return Refusal.INVALID
    if number.country_code not in settings.SMS_COUNTRIES:
        return Refusal.COUNTRY
    if number.extension:
        return Refusal.INVALID
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if not phonenumbers.is_valid_number(number):
        if not _may_be_a_newer_mobile(number):
            return Refusal.INVALID
        return written if written.startswith(_further_prefixes()) else Refusal.UNKNOWN
    kind = phonenumbers.number_type(number)
    if kind in _MOBILE:
        return written
    return Refusal.NOT_MOBILE if kind == PhoneNumberType.FIXED_LINE else Refusal.SPECIAL


def _further_prefixes() -> tuple[str, ...]:
    """Those that are newer than the library."""
    return tuple(f"+{prefix}" for prefix in settings.SMS_FURTHER_PREFIXES)


def _may_be_a_newer_mobile(number: PhoneNumber) -> bool:
    """As long as one, and in China within the digits that are set aside for mobiles."""
    national = phonenumbers.national_significant_number(number)
    if number.country_code == 86 and not re.match("1[3-9]", national):
        return False
    possible = phonenumbers.is_possible_number_for_type_with_reason(number, PhoneNumberType.MOBILE)
    return possible == ValidationResult.IS_POSSIBLE


def readable(number: str) -> str:
    """As it is typed and read out: 138 0013 8000, +852 9123 4567."""
    parsed = phonenumbers.parse(number)
    home = parsed.country_code == phonenumbers.country_code_for_region(settings.PHONENUMBER_DEFAULT_REGION)
    style = phonenumbers.PhoneNumberFormat.NATIONAL if home else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(parsed, style)


def country(number: str) -> int:
    """The calling code of an E.164 number."""
    return phonenumbers.parse(number).country_code or 0


def masked(number: str) -> str:
    """138****8000: enough for its owner to recognise it, for nobody else to call it."""
    parsed = phonenumbers.parse(number)
    national = phonenumbers.national_significant_number(parsed)
    shown = 3 if len(national) > 8 else 1
    hidden = "*" * (len(national) - shown - (4 if shown == 3 else 2))
    text = f"{national[:shown]}{hidden}{national[-(4 if shown == 3 else 2) :]}"
    return text if parsed.country_code == 86 else f"+{parsed.country_code} {text}"
