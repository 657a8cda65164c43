"""The columns of a file of people, and the words that stand above them."""

import re
import unicodedata
from collections.abc import Sequence
from functools import cache

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.lib import invisible, series
from accounts.spreadsheets.rows import Refused

# As a file may name them: in English, in Chinese, or as here.
COLUMNS = {
    "address": gettext_lazy("mailbox address"),
    "name": gettext_lazy("name"),
    "department": gettext_lazy("department"),
    "language": gettext_lazy("language"),
    "two_step_from": gettext_lazy("two-step from"),
    "active": gettext_lazy("active"),
    "last_day": gettext_lazy("last day"),
    "phone": gettext_lazy("phone"),
    "ways": gettext_lazy("ways to verify"),
}
ONLY_EXPORTED = frozenset({"phone", "ways"})
FIELDS = {"address": "username", "active": "is_active"}  # where the name is another one
LABELS = {FIELDS.get(name, name): label for name, label in COLUMNS.items()}  # by the field
OTHER_NAMES = {
    "address": """
        邮箱 邮箱地址 邮箱帐号 邮箱账号 邮箱名 邮箱名称 电子邮箱 电子邮件 电子邮件地址 邮件地址 邮件 邮件帐号 邮件账号
        电子信箱 信箱 电邮 郵箱 郵箱地址 電子郵箱 電子郵件 账号 帐号 账户 帐户 帳號 用户名 登录名
        email e-mail mail mailbox emailaddress mailaddress username user account login""",
    "name": """
        姓名 名字 真实姓名 中文姓名 员工姓名 教职工姓名 教师姓名 学生姓名 用户姓名 全名 显示名
        fullname displayname realname""",
    "department": """
        部门 部门名称 所在部门 所属部门 院系 院系名称 所在院系 学院 所在学院 单位 单位名称 所在单位 工作单位 科室 处室
        部門 學院 單位 系所 dept unit organization organisation""",
    "language": "语言 界面语言 語言 lang",
    "active": "启用 有效 是否启用 是否有效 账号状态 帐号状态 enabled isactive",
    "last_day": """
        离职日期 离校日期 离岗日期 退休日期 毕业日期 截止日期 到期日期 到期日 失效日期 有效期 有效期至 最后工作日
        enddate expires expirydate validuntil leavingdate""",
    "two_step_from": "二次认证启用时间 二次认证启用日期 二次认证时间 二次认证",
    "phone": "手机 手机号 手机号码 电话 联系电话 移动电话 mobile mobilephone phonenumber",
}


def plain(heading: str) -> str:
    """邮箱地址（必填） *: what it is called, without what is said of it."""
    text = unicodedata.normalize("NFKC", invisible.dropped(heading)).casefold()
    text = re.sub(r"\([^()]*\)|\[[^\[\]]*\]|【[^【】]*】", "", text)
    return re.sub(r"[\s_*:•·]", "", text)


@cache
def _known() -> dict[str, str]:
    known = {word: name for name, words in OTHER_NAMES.items() for word in words.split()}
    for language in ("zh-hans", "en"):
        with translation.override(language):
            known |= {plain(str(label)): name for name, label in COLUMNS.items()}
    known |= {plain(name): name for name in COLUMNS}
    return {plain(word): name for word, name in known.items()}


def words() -> frozenset[str]:
    return frozenset(_known())


def of_heading(text: str) -> str:
    """Our name of a column; empty: none that is known."""
    return _known().get(plain(text), "") if len(text) <= 100 else ""


def is_heading(text: str) -> bool:
    return bool(of_heading(text))


def of(headers: Sequence[str], chosen: Sequence[str] | None = None) -> list[str]:
    """What each column is; empty: it is not read. Refused where nobody can know."""
    names = [of_heading(header) for header in headers]
    if chosen is not None:
        names = [name if name in COLUMNS else "" for name in chosen[: len(headers)]]
        names += [""] * (len(headers) - len(names))
    if twice := sorted({str(COLUMNS[name]) for name in names if name and names.count(name) > 1}):
        raise Refused(
            _("These columns are there twice: %(columns)s. Choose below which one is meant.")
            % {"columns": series.join(twice)}
        )
    if "address" not in names:
        raise Refused(
            _("There is no column “%(column)s”. Choose below the row of headings, or what the columns are.")
            % {"column": COLUMNS["address"]}
        )
    return names
