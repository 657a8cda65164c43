"""What the guides warn of: where mistakes are made, once, and before the steps."""

import re

import pytest

from apppasswords.guides.programs import ALL
from apppasswords.guides.shapes import CERTIFICATE_QUESTION, CERTIFICATES, Program
from tests.apppasswords.guides.test_guides import EVERY_GUIDE, EVERY_LANGUAGE, mind, page_of, section, steps_of
from tests.kit.people import Person

pytestmark = pytest.mark.django_db

SAID = {
    "zh-hans": {
        "title": "三件要注意的事",
        "whole address": "请填写完整的邮箱地址。只填 @ 前面的部分会被拒绝",
        "IMAP": "请选择 IMAP，不要选 POP3",
        "certificates": "在传输途中被他人窃取",
        "both": "收件和发件都要填写，标着“可选”的也要填",
        "length and spaces": "客户端专用密码共 16 个字符，空格可以不输。",
        "ban": "连续输错 10 次，您所在的 IP 地址会被临时封禁 1 小时，期间输入正确的密码也会被拒绝。",
    },
    "en": {
        "title": "Three things to mind",
        "whole address": "Enter the whole address. The part before the @ alone is refused",
        "IMAP": "Choose IMAP, not POP3",
        "certificates": "between you and the server",
        "both": "for receiving and for sending",
        "length and spaces": "An app password has 16 characters; spaces do not matter.",
        "ban": "After 10 wrong tries in a row your network address is banned for an hour",
    },
}


@EVERY_LANGUAGE
def test_accept_all_certificates_is_nobodys_advice(language: str) -> None:
    """The guide that these replace gave it. Here the words do not even occur."""
    stranger = Person(HTTP_ACCEPT_LANGUAGE=language)
    for program in ALL:
        page = page_of(stranger, program.slug)
        assert not re.search("接受所有|所有证书|accept all|all certificates", page, re.IGNORECASE), program.slug


@EVERY_LANGUAGE
@EVERY_GUIDE
def test_three_warnings_once_and_before_the_steps(program: Program, language: str) -> None:
    page = page_of(Person(HTTP_ACCEPT_LANGUAGE=language), program.slug)
    assert [what for what, text in SAID[language].items() if text not in mind(page)] == []
    assert mind(page).count("<li>") == 3
    assert page.index('id="mind"') < page.index('id="replace"')
    steps = section(page, "replace") + section(page, "add")
    assert not [text for text in SAID[language].values() if text in steps.replace("&#x27;", "'")]
    assert "alert-warning" not in page


@EVERY_GUIDE
def test_certificates_are_verified_and_it_says_why(program: Program) -> None:
    """Where the kind of encryption is chosen, how; elsewhere what to do when asked."""
    chooses = any(str(one.label) in ("安全类型", "Security type") for step in program.adding if step.form
                  for one in step.form.fields)  # fmt: skip
    assert program.certificates is (CERTIFICATES if chooses else CERTIFICATE_QUESTION)


@EVERY_LANGUAGE
@EVERY_GUIDE
def test_each_guide_says_what_to_do_when_it_does_not_work(program: Program, language: str) -> None:
    page = page_of(Person(HTTP_ACCEPT_LANGUAGE=language), program.slug)
    troubles = page.partition('class="troubles"')[2]
    told = {
        "zh-hans": ("用户名是完整的邮箱地址吗", "不是邮箱原生密码吗", "等封禁结束后再试", "请不要接受", "联系信息办"),
        "en": ("Is the user name the whole address?", "not the mailbox password?", "wait an hour", "Do not accept it",
               "Call the IT office"),
    }  # fmt: skip
    assert [text for text in told[language] if text not in troubles] == []


def test_where_an_iphone_says_optional() -> None:
    steps = steps_of(page_of(Person(), "iphone"), "add")
    [step] = [step for step in steps if "虽然标着“可选”，其实必须填写" in step]
    assert "smtp.example.edu" in step
