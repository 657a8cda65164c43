"""Phone numbers: what a person typed, as E.164, or why it cannot get SMS."""

import unicodedata
from enum import Enum

import phonenumbers
from django.conf import settings
from django.utils.translation import gettext_lazy as _
from phonenumbers import NumberParseException, PhoneNumberType


class Refusal(Enum):
    INVALID = _("This is not a phone number. Check the digits.")
    NOT_MOBILE = _("This is a landline. Enter a mobile number, because the code comes by SMS.")
    SPECIAL = _("Service and premium-rate numbers cannot be used. Enter a mobile number.")
    COUNTRY = _("Numbers of this country or region cannot be used here. Ask the IT office.")

    @property
    def label(self) -> str:
        return str(self.value)


_MOBILE = {PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE}


def parse(text: str) -> str | Refusal:
    """E.164. Numbers without a country code are Chinese; full-width digits are understood."""
    text = unicodedata.normalize("NFKC", text).strip()
    try:
        number = phonenumbers.parse(text, settings.PHONENUMBER_DEFAULT_REGION)
    except NumberParseException:
        return Refusal.INVALID
    if number.country_code not in settings.SMS_COUNTRIES:
        return Refusal.COUNTRY
    if not phonenumbers.is_valid_number(number) or number.extension:
        return Refusal.INVALID
    kind = phonenumbers.number_type(number)
    if kind in _MOBILE:
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return Refusal.NOT_MOBILE if kind == PhoneNumberType.FIXED_LINE else Refusal.SPECIAL


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
