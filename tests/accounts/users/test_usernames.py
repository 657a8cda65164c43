"""One mailbox, one name, however it is written."""

import pytest
from django.db import IntegrityError, transaction
from hypothesis import example, given
from hypothesis import strategies as st
from pytest_django import Settings

from accounts.users import usernames
from accounts.users.models import User
from portal.middleware import LONGEST
from tests.conftest import MakeUser
from tests.kit.people import Person


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("zhangsan@example.edu", "zhangsan@example.edu"),
        ("ZhangSan@Example.EDU", "zhangsan@example.edu"),
        ("  zhangsan@example.edu\u3000", "zhangsan@example.edu"),
        ("ｚｈａｎｇｓａｎ＠ｅｘａｍｐｌｅ．ｅｄｕ", "zhangsan@example.edu"),
        ("zhang.san+list@example.edu", "zhang.san+list@example.edu"),
        ("\ufefflisi@example.edu", "lisi@example.edu"),
        ("li\u200bsi\u200d@\u200eexample.edu\u00a0", "lisi@example.edu"),
        ("lisi\ufe0f@exam\u00adple.edu", "lisi@example.edu"),
        ("zhangsan", None),
        ("zhangsan@", None),
        ("@example.edu", None),
        ("zhangsan@example", None),
        ("zhang san@example.edu", None),
        ("zhangsan@example.edu\n", None),
        ("zhangsan@example.edu\r\nBcc: all@example.edu", None),
        ("zhang\0san@example.edu", None),
        ("zhang\tsan@example.edu", None),
        ("zhangsan%00@example.edu", None),
        ("zhangsan@example.edu.", None),
        ("zhаngsan@example.edu", None),  # a Cyrillic а
        ("zhangsaɴ@example.edu", None),
        ("ıtoffice@example.edu", None),  # a Turkish dotless i
        ("İtoffice@example.edu", None),
        ("ſmith@example.edu", "smith@example.edu"),  # a long s: NFKC says s
        ("a@b@example.edu", None),
        ("张三@example.edu", None),
        ("x" * 65 + "@example.edu", None),
        ("x" * 1_000_000, None),
        ("", None),
    ],
)  # fmt: skip
@pytest.mark.bypass("row 31: Django CVE-2019-19844, Keycloak CVE-2021-3424, Mailu #2695: names that look alike")
def test_canonical(text: str, name: str | None) -> None:
    assert usernames.canonical(text) == name


def test_a_plus_and_what_follows_it_where_the_settings_say_so(settings: Settings) -> None:
    settings.SUBADDRESSES = True
    found = [usernames.canonical(f"{name}@example.edu") for name in ("Zhang+news", "zhang+a+b", "zhang+", "+zhang")]
    assert found == ["zhang@example.edu", "zhang@example.edu", "zhang@example.edu", "+zhang@example.edu"]


ADDRESSES = st.from_regex(r"[a-zA-Z0-9._+ｱ-ﾝＡ-Ｚİıſ]{1,12}[@＠]example\.(edu|EDU)", fullmatch=True)


@pytest.mark.bypass("row 31: Dovecot CVE-2026-24031")
@given(text=st.one_of(st.text(max_size=300), ADDRESSES))
@example("ﬀ@example.edu")
def test_canonical_is_canonical(text: str) -> None:
    name = usernames.canonical(text)
    if name is not None:
        assert usernames.canonical(name) == name
        assert name.isascii()
        assert name == name.lower()
        assert len(name) <= usernames.LONGEST


@pytest.mark.bypass("row 31: equal names share one counter and one account")
@pytest.mark.parametrize(
    "typed", ["zhangsan", "ZHANGSAN", "zhangsan@EXAMPLE.edu", " ｚhangsan", "zhangsan@example.edu "]
)
def test_the_sign_in_knows_every_way_to_write_it(zhangsan: Person, typed: str) -> None:
    assert zhangsan.user
    assert usernames.canonical(usernames.complete(typed, "example.edu")) == zhangsan.user.username
    assert zhangsan.enter_password(name=typed).headers["Location"] == "/sign-in/phone/"


@pytest.mark.bypass("row 31: Roundcube CVE-2026-114732: another host's account of the same name")
@pytest.mark.parametrize(
    "typed",
    ["zhangsan@other.edu", "zhangsan+x@example.edu", "zhangsan@example.edu@example.edu", "zhangsan%40example.edu",
     "zhangsan\0", "zhаngsan", "zhangsan@example.edu.", "x" * 5000],
)  # fmt: skip
def test_a_name_that_is_another_is_refused(zhangsan: Person, typed: str) -> None:
    response = zhangsan.enter_password(name=typed)
    assert response.status_code == (400 if "\0" in typed or len(typed) > LONGEST else 200)
    assert zhangsan.get("/").headers["Location"].startswith("/sign-in/?")


@pytest.mark.bypass("row 31: Mailu #2718: duplicates that differ in case")
def test_the_database_holds_each_name_once(make_user: MakeUser) -> None:
    user = make_user("zhangsan")
    with pytest.raises(IntegrityError), transaction.atomic():
        make_user("ZhangSan")
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(pk=user.pk).update(username="ZhangSan@example.edu")
    with pytest.raises(ValueError, match="mailbox"):
        User.objects.create_user("zhangsan", "x")
