"""What is taken for an app password, and what for the name of a device."""

import pytest

from apppasswords import secrets


@pytest.mark.parametrize(("blanks", "is_one"), [(48, True), (49, False)])
def test_of_what_is_typed_four_times_as_much_is_looked_at(blanks: int, *, is_one: bool) -> None:
    secret = secrets.new()
    assert (secrets.typed(secret + " " * blanks) == secret) is is_one


@pytest.mark.parametrize(
    ("word", "is_random"),
    [
        ("bcdfghjklmnp", True),  # hardly a vowel, and no word that is a part of a name
        ("bcdfghjklmn", False),  # too short
        ("bcdfghjklm22", True),
        ("bacdefghiklm", False),  # a quarter of them
        ("aba22aba22aba2aba2aba2", True),  # 22 characters in ten pieces
        ("aba22aba22aba22aba2aba2", False),  # one more
        ("universitaire-k2j9qpx4m7t1", True),  # the word is none of the secret
        ("universitaire-k2j9qpx4", False),
        ("我的手机我的手机我的手机我的", False),
        ("a phone bcdfghjklmnp", True),
    ],
)
def test_a_long_word_that_is_no_word_is_a_secret(word: str, *, is_random: bool) -> None:
    assert secrets.looks_like_one(word) is is_random
