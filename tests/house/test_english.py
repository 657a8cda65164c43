"""The English of the site: what can be checked of it over the whole catalogue."""

import re

import pytest

from tests.house.test_chinese import entries

DJANGO = ("portal/office/django_words.py",)  # texts of Django's, as it has them

WRONG = {
    "a straight apostrophe or quotation mark": re.compile("['\"]"),
    "a comma before a final “too”": re.compile(r", too\b"),
    "an exception where somebody is exempt": re.compile(r"\bexcept(ed|ions?)\b", re.IGNORECASE),
    "somebody who is he": re.compile(r"\b(he|him|his|himself)\b"),
    "something replaced by, not with": re.compile(r"\breplace\b[^.]* by\b"),
    "a profile that is loaded": re.compile(r"\bload(ed|s)?\b[^.]*\bprofile\b", re.IGNORECASE),
}


@pytest.mark.parametrize("fault", WRONG)
def test_how_it_is_written(fault: str) -> None:
    ours = [entry.english for entry in entries() if not set(entry.places) <= set(DJANGO)]
    assert len(ours) > 1000
    assert [text for text in ours if WRONG[fault].search(re.sub("<[^>]*>", "", text))] == []
