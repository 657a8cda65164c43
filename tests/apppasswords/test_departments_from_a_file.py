"""Department mailboxes from a file: all of it is given, or nothing."""

from html import unescape

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.owners.models import Ownership
from accounts.users.models import User
from portal.office import roles
from tests.conftest import MakeUser
from tests.kit.officers import clerk_with
from tests.kit.people import NUMBER, Person

ADD = "/admin/owners/ownership/add/"


@pytest.fixture
def clerk(make_user: MakeUser) -> Person:
    make_user("wangwu", phone=NUMBER)
    return clerk_with(make_user, roles.ADMINISTRATOR)


def hand_in(clerk: Person, *rows: str, encoding: str = "utf-8") -> str:
    """What the page says afterwards, in English."""
    file = SimpleUploadedFile("departments.csv", "\r\n".join(rows).encode(encoding))
    answer = clerk.post(ADD, {"file": file, "from_file": "1"}, follow=True, HTTP_ACCEPT_LANGUAGE="en")
    return unescape(answer.content.decode())


def test_several_come_from_a_file(clerk: Person, make_user: MakeUser) -> None:
    make_user("zhaoliu")
    rows = (
        "公务邮箱,邮箱名称,使用人",
        "press,宣传部,wangwu",
        "press,,ZhaoLiu@example.edu",
        "labs@example.edu,实验室,wangwu",
    )
    assert "3 people more use it" in hand_in(clerk, *rows, encoding="gb18030")
    found = Ownership.objects.values_list("mailbox__username", "mailbox__name", "owner__username")
    assert set(found) == {
        ("press@example.edu", "宣传部", "wangwu@example.edu"), ("press@example.edu", "宣传部", "zhaoliu@example.edu"),
        ("labs@example.edu", "实验室", "wangwu@example.edu"),
    }  # fmt: skip
    assert "0 people more use it" in hand_in(clerk, *rows), "once more"


def test_a_file_in_which_anything_is_wrong_does_nothing(clerk: Person, make_user: MakeUser) -> None:
    make_user("boss", is_staff=True)
    good = ("mailbox,owner", "press,wangwu")
    for rows, said in (
        ((*good, "labs,nobody"), "labs: nobody: nobody has this address"),
        ((*good, "labs,boss"), "labs: boss: IT staff"),
        ((*good, "labs,administrator"), "labs: Not this account."),
        ((*good, "wangwu,wangwu"), "wangwu: A mailbox does not use itself."),
        ((*good, "labs@elsewhere.example,wangwu"), "not a mailbox address of this institution"),
        (("mailbox,owner,name", "press,wangwu,A", "press,zhaoliu,B"), "Row 3: “B” is another name"),
        ((*good, "labs,"), "Row 3: the mailbox or who uses it is missing"),
        ((*good, "=labs,wangwu"), "Row 3: is a formula"),
        (("mailbox,name", "press,x"), "It needs the columns"),
        (("mailbox,owner,owner", "press,wangwu,wangwu"), "It needs the columns"),
        (("",), "The file is empty"),
        (("mailbox,owner", *["press,wangwu"] * 1001), "more than 1000 rows"),
    ):
        page = hand_in(clerk, *rows)
        assert said in page, (said, page)
        assert not Ownership.objects.exists(), said
        assert not User.objects.filter(username="press@example.edu").exists(), said
