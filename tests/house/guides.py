"""docs/guides-zh.md: the guides as everybody sees them who is not signed in.

`python -m tests.house.guides --update` writes it; a test notices when it is no longer true.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

FILE = Path(__file__).parent.parent.parent / "docs" / "guides-zh.md"
TOP = """# 客户端设置

手机和电脑上的邮件客户端怎样换上客户端专用密码，怎样从头设置。先按[使用手册](people-zh.md#手机和电脑上的邮件客户端)生成一个专用密码。

`imap.example.edu` 和 `smtp.example.edu` 只是例子，请换成本单位的服务器。登录本系统后，
“邮件客户端设置”中的步骤已经填好您的邮箱地址和服务器。

## 三件要注意的事

"""
HOSTS = {"IMAP": ("imap.example.edu", 993), "SMTP": ("smtp.example.edu", 465)}


def text() -> str:
    """After Django is set up. As the pages have it, in Chinese."""
    from django.utils import translation  # noqa: PLC0415

    with translation.override("zh-hans"):
        return TOP + "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    from django.utils.translation import gettext  # noqa: PLC0415

    from apppasswords.guides import programs, views  # noqa: PLC0415

    for number, (first, *rest) in enumerate(views.to_mind(programs.OTHER), 1):
        yield f"{number}. **{first}。** {''.join(map(str, rest))}"
    for program in programs.ALL:
        yield from ("", f"## {program.name}", "", f"{program.about}。")
        for heading, steps in (
            (gettext("Already in use: replace the password"), program.replacing),
            (gettext("Set up for the first time"), program.adding),
        ):
            yield from ("", f"### {heading}", "")
            if steps is program.adding and program.shortcut:
                yield from (f"{gettext('The short way')}：{program.shortcut}", "")
            for number, step in enumerate(steps, 1):
                yield f"{number}. {step.text}{step.note}"
                if step.form:
                    yield from ("", f"    - {_drawn(step.form)}", "")


def _drawn(form: object) -> str:
    from apppasswords.guides.shapes import Form, Value  # noqa: PLC0415

    assert isinstance(form, Form)
    values = {
        Value.ADDRESS: "您的完整邮箱地址",
        Value.PASSWORD: "客户端专用密码",
        Value.NAME: "您的姓名",
        Value.IMAP: f"`{HOSTS['IMAP'][0]}`",
        Value.IMAP_PORT: f"`{HOSTS['IMAP'][1]}`",
        Value.SMTP: f"`{HOSTS['SMTP'][0]}`",
        Value.SMTP_PORT: f"`{HOSTS['SMTP'][1]}`",
        Value.SECURITY: "`SSL/TLS`",
        Value.DOMAIN: "`example.edu`",
    }
    fields = [
        f"{field.label} {values[field.value] if isinstance(field.value, Value) else f'`{field.value}`'}"
        for field in form.fields
    ]
    return f"**{form.title}**：{'；'.join(fields)}" + (f"；点“{form.button}”" if form.button else "")


if __name__ == "__main__":
    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"
    django.setup()
    if "--update" in sys.argv:
        FILE.write_text(text())
    sys.exit(FILE.read_text() != text())
