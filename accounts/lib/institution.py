"""Whose portal this is."""

from django.conf import settings
from django.utils.translation import get_language


def name() -> str:
    """Its name in the language that is active."""
    in_chinese = (get_language() or "").startswith("zh")
    return str(settings.INSTITUTION if in_chinese else settings.INSTITUTION_ENGLISH)
