"""What nobody can see is dropped; letters of names stay."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.lib import invisible
from apppasswords import secrets
from tests.kit.people import PASSWORD, Person, code_from_phone


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("王\u200b小\u200d明\ufeff", "王小明"),
        ("\u202e王小明\u202c", "王小明"),
        ("Zo\u00ade\u2060", "Zoe"),
        ("王\u00a0小\u3000明", "王 小 明"),
        ("one\u2028two\x85three", "one\ntwo\nthree"),
        ("1\ufe0f\u20e3 a\ufe0f", "1\u20e3 a"),
        ("\U000e0041王", "王"),
        ("\u3164\u2800", " "),
        # letters
        ("\U0003158e\U00031350", "\U0003158e\U00031350"),  # newer than Python's tables
        ("王\ue863\U000f0001", "王\ue863\U000f0001"),  # private use
        ("葛\U000e0100飾", "葛\U000e0100飾"),  # a variant of an ideograph
        ("\U0003158e\U000e0101", "\U0003158e\U000e0101"),
        ("ئا\u200cئە", "ئا\u200cئە"),  # Uighur
        ("ه\u200d", "ه\u200d"),
        ("क्\u200dष", "क्\u200dष"),
        ("ᠠ\u180b", "ᠠ\u180b"),  # Mongolian
        ("བཀྲ་ཤིས།", "བཀྲ་ཤིས།"),  # Tibetan
        ("\u0600", "\u0600"),  # a sign of Arabic that formats, and is seen
        ("买买提·吐尔逊", "买买提·吐尔逊"),
    ],
)
def test_dropped(text: str, seen: str) -> None:
    assert invisible.dropped(text) == seen


@given(st.text(max_size=30))
def test_what_was_dropped_is_dropped_once(text: str) -> None:
    seen = invisible.dropped(text)
    assert invisible.dropped(seen) == seen
    assert not set(seen) & set("\u200b\ufeff\u00ad\u200e\u202e\u00a0\u2028")


def test_an_app_password_that_was_copied_with_marks() -> None:
    secret = secrets.new()
    assert secrets.typed("\ufeff" + secret[:8] + "\u00a0\u200b" + secret[8:]) == secret


def test_names_and_codes_with_marks_at_the_sign_in(wangwu: Person) -> None:
    wangwu.enter_password(name="\ufeffwangwu\u200b@example.edu")
    code = code_from_phone()
    wangwu.post("/sign-in/code/", {"code": f"{code[:3]}\u2009{code[3:]}\u200b"})
    assert wangwu.is_in()


def test_a_password_stays_as_it_was_typed(wangwu: Person) -> None:
    page = wangwu.enter_password(PASSWORD + "\u200b")
    assert page.status_code == 200
    assert not wangwu.is_in()
