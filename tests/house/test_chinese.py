"""The Chinese of the site: what can be checked of it over the whole catalogue, and in what is sent.

One word means one thing, punctuation stands as Chinese has it, and nobody is addressed as 你.
"""

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from django.conf import settings

HAN = "[\u4e00-\u9fff]"
NO_SPACE = "，。：；？！、（）《》"
MENUS = ("apppasswords/guides/",)  # words of other makers' programs stand there as these have them

WRONG = {
    "half-width punctuation after Chinese": re.compile(rf"{HAN}[,:;?!.](?![A-Za-z0-9])"),
    "a space beside full-width punctuation": re.compile(f"[{NO_SPACE}] | [{NO_SPACE}]"),
    "straight quotes around Chinese": re.compile(rf"[\"']{HAN}|{HAN}[\"']"),
    "no space between Chinese and Latin letters or digits": re.compile(rf"{HAN}[A-Za-z0-9]|[A-Za-z0-9]{HAN}"),
    "full-width letters or digits": re.compile("[０-９Ａ-Ｚａ-ｚ]"),
    "dots for an ellipsis": re.compile(r"\.\.\.|。。"),
    "你 for 您": re.compile("你"),
}
# What the site calls by another word.
WORDS = {
    "帐": "账号",
    "账户": "账号",
    "此人": "该用户",
    "信任的浏览器": "免二次认证的浏览器",
    "工作进程": "后台服务",
    "帮助台": "临时验证码；服务台",
    "短信通道": "短信网关",
    "本平台": "本系统",
    "本站": "本系统",
    "本网站": "本系统",
    "门户": "本系统",
    "信息化部门": "信息办",
    "双因子": "二次认证",
    "双因素": "二次认证",
    "两步验证": "二次认证",
    "应用专用密码": "客户端专用密码",
    "原始密码": "邮箱原生密码",
    "我们的短信": "本系统短信",
    "差一点": "密码有误",
    "网络中间": "窃取",
    "缺省": "默认",
    "该变量": "最多……个字符",
    "必填项": "请填写此项",
}


class Entry(NamedTuple):
    places: list[str]
    english: str
    chinese: list[str]


def entries() -> Iterator[Entry]:
    catalogue = settings.BASE_DIR / "locale/zh_Hans/LC_MESSAGES/django.po"
    for block in catalogue.read_text(encoding="utf-8").split("\n\n")[1:]:
        texts: dict[str, str] = {}
        name = ""
        for line in block.splitlines():
            if found := re.match(r'(msg\w+(?:\[\d\])?) (".*")$', line):
                name, text = found[1], found[2]
            elif line.startswith('"'):
                text = line
            else:
                continue
            texts[name] = texts.get(name, "") + ast.literal_eval(text)
        places = [place for line in block.splitlines() if line.startswith("#: ") for place in line[3:].split()]
        yield Entry(places, texts["msgid"], [text for name, text in texts.items() if name.startswith("msgstr")])


def plain(text: str) -> str:
    """Without tags, and a letter for each thing that is filled in: what it is, nobody knows here."""
    return re.sub(r"%\(\w+\)[sd]|\{\w*\}", "〇", re.sub("<[^>]*>", "", text))


@pytest.mark.parametrize("fault", WRONG)
def test_how_it_is_written(fault: str) -> None:
    found = [text for entry in entries() for text in entry.chinese if WRONG[fault].search(plain(text))]
    assert found == []


@pytest.mark.parametrize("word", WORDS)
def test_one_word_for_one_thing(word: str) -> None:
    found = [
        text
        for entry in entries()
        for text in entry.chinese
        if word in text and not all(place.startswith(MENUS) for place in entry.places)
    ]
    assert found == [], f"the site says {WORDS[word]}"


def test_what_is_filled_in_follows_its_colon_at_once() -> None:
    """`{% translate "Time:" %} {{ at }}` leaves a blank after a full-width colon: the text holds its own value."""
    pattern = re.compile(r'\{% translate "[^"]*:" %\}[ \t]+\S')
    templates = [path for path in (settings.BASE_DIR / "templates").rglob("*.*") if path.suffix in (".html", ".txt")]
    assert len(templates) > 100
    found = [f"{path.name}: {match[0]}" for path in templates for match in pattern.finditer(path.read_text())]
    assert found == []


def test_two_sentences_are_told_apart_by_the_language() -> None:
    """Chinese has no blank after a full stop: `{% gap %}` stands between two translated sentences."""
    end = r'\{% translate "[^"]*[.!?]" %\}|[.!?]\{% endblocktranslate %\}'
    pattern = re.compile(rf"(?:{end})(?:\{{% endif %\}})?\s+(?:\{{% if [^%]*%\}})?\{{% (?:block)?translate")
    templates = list((settings.BASE_DIR / "templates").rglob("*.html"))
    found = [f"{path.name}: {match[0]}" for path in templates for match in pattern.finditer(path.read_text())]
    assert found == []
