"""The pages of the administration, in every state that they have."""

import re
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.test import override_settings
from django.utils import timezone
from playwright.sync_api import Page

from accounts.bans import failures
from accounts.bans.models import Ban
from accounts.directory.models import Sync
from accounts.factors.models import Authenticator, RecoveryCode, RecoverySet
from accounts.imports.models import Roster
from accounts.mailsessions.models import Ending
from accounts.phones import notice
from accounts.phones.models import Phone
from accounts.rollouts import exemptions
from accounts.rollouts.models import Rollout
from accounts.routes import outages
from accounts.users.models import User
from tests.kit.people import NUMBER
from tests.kit.plans import bind, in_days, people, uses_mailbox_password
from tests.kit.servers import steps
from tests.kit.sitemap import admin_list

FILE: Any = {
    "name": "人员名单.csv",
    "mimeType": "text/csv",
    "buffer": (
        "邮箱地址,姓名,部门,语言,二次认证启用时间\n"
        "new1@example.edu,赵一,文学院,中文,2030-09-01\nnew2,钱二,文学院,,\nguest@elsewhere.example,访客,,英文,\n"
        "s1,李小红,数学学院,,\n"
    ).encode("gbk"),
}


def administration(page: Page, clerk: User) -> Iterator[str]:
    page.goto("/admin/")
    steps.password(page, clerk.username)
    steps.enter(page, steps.right_code())
    yield "admin"
    page.goto("/admin/handbook/")
    yield "admin-handbook"
    page.goto("/admin/doctor/")
    yield "admin-doctor"
    for _ in range(settings.BAN_AFTER_FAILURES):
        failures.note_failure("203.0.113.7", "zhangsan@example.edu", "old password", "web")
    page.goto("/admin/dashboard/")
    page.get_by_role("button", name=re.compile("立即统计|Count now")).click()
    yield "admin-dashboard"
    for name in (
        "user", "role", "sms", "mail", "trustedbrowser", "ban", "failure", "knownnetwork", "securityevent", "maillogin"
    ):  # fmt: skip
        page.goto(admin_list(name))
        yield f"admin-{name}"
    page.goto("/admin/routes/gateway/")
    yield "admin-gateways"
    outages.begin("outbox", "", "ConnectTimeout")
    page.goto("/admin/routes/gateway/outbox/")
    yield "admin-gateway"
    outages.end_all("outbox")
    page.goto("/admin/apppasswords/apppassword/")
    yield "admin-apppassword"
    owner = User.objects.get(username="zhangsan@example.edu")
    User.objects.filter(pk=owner.pk).update(two_step_from=timezone.now())  # as most people who come to the counter
    Phone.objects.create(user=owner, number=f"+86{NUMBER}", **notice.now().columns)
    Authenticator.objects.create(user=owner, name="我的手机", key=b"", last_step=0)
    paper = RecoverySet.objects.create(user=owner)
    RecoveryCode.objects.create(recovery_set=paper, digest="d")
    page.goto(f"/admin/accounts/user/{owner.pk}/desk/")
    yield "admin-desk"
    page.get_by_text(re.compile("^(设置截止日期|Set the last day)$")).first.click()
    yield "admin-desk-last-day"
    yield from _mail_endings(page, clerk, owner)
    page.goto(f"/admin/accounts/user/{clerk.pk}/change/")
    yield "admin-user-change"
    page.goto(f"/admin/bans/ban/{Ban.objects.get().pk}/change/")
    yield "admin-ban-view"
    page.goto("/admin/accounts/user/")
    page.check("#action-toggle")
    page.select_option("[name=action]", "switch_two_step_on")
    page.click(".actions [type=submit]")
    yield "admin-rollout-choose"
    yield from _machines(page, owner)
    yield from _rollouts(page, clerk)
    yield from _files(page)


def _rollouts(page: Page, clerk: User) -> Iterator[str]:
    arts = people(60, name="王小明")
    science = people(25, "理学院", "s", name="李小红")
    bind(arts[:30])
    uses_mailbox_password([*arts[20:50], *science[:9]])
    exemptions.make(science[-1], in_days(60), "长期出国，无法接收短信", actor=clerk)
    page.goto("/admin/rollouts/rollout/add/")
    page.check("text=文学院")
    page.check("text=理学院")
    page.fill("[name=addresses]", "zhangsan\nnobody\nzhangsan")
    page.click("main [type=submit].default")
    yield "admin-rollout-lines"
    page.fill("[name=addresses]", "")
    page.click("main [type=submit].default")
    yield "admin-rollout-dry-run"
    settings.SHARED_NETWORK_FAILURES = 40
    page.reload()
    yield "admin-rollout-storm"
    settings.SHARED_NETWORK_FAILURES = 500
    row = Rollout.objects.latest("pk")
    page.goto(f"/admin/rollouts/rollout/{row.pk}/mail/")
    yield "admin-rollout-mail"
    page.goto(f"/admin/rollouts/rollout/{row.pk}/change/")
    with page.expect_navigation():
        page.click("[value=carry_out]")
    yield "admin-rollout-progress"
    Rollout.objects.filter(pk=row.pk).update(status="running", failed=True, done=40)
    page.reload()
    yield "admin-rollout-failed"
    Rollout.objects.filter(pk=row.pk).update(status="done", failed=False)
    page.goto(f"/admin/rollouts/rollout/{row.pk}/people/?state=not_ready")
    yield "admin-rollout-people"
    page.goto(f"/admin/rollouts/rollout/{row.pk}/change/")
    with page.expect_navigation():
        page.click("[value=pause]")
    yield "admin-rollout-paused"
    page.goto("/admin/rollouts/rollout/")
    yield "admin-rollout"
    page.goto("/admin/rollouts/exemption/")
    yield "admin-exemption"
    page.goto("/admin/rollouts/exemption/add/")
    page.click("main [type=submit].default")
    yield "admin-exemption-add"
    page.goto(f"/admin/accounts/user/{science[-1].pk}/two-step/")
    yield "admin-two-step"
    page.goto(f"/admin/accounts/user/{science[-1].pk}/change/")
    yield "admin-person"


def _machines(page: Page, owner: User) -> Iterator[str]:
    page.goto("/admin/apppasswords/machine/add/")
    page.click("main [type=submit].default")
    yield "admin-machine-add"
    for field, entered in {
        "name": "二楼打印机", "purpose": "扫描件发到邮箱", "mailbox": owner.username, "owner": owner.username,
        "networks": "198.51.100.0/24", "last_day": f"{timezone.localdate().year + 2}-01-31",
    }.items():  # fmt: skip
        page.fill(f"[name={field}]", entered)
    page.click("main [type=submit].default")
    yield "admin-machine-secret"
    page.goto("/admin/apppasswords/machine/")
    yield "admin-machine"
    page.goto("/admin/owners/ownership/add/")
    page.fill("[name=mailbox]", "lisi")
    page.click("main [type=submit].default")
    yield "admin-department-add"
    page.goto("/admin/aliases/alias/add/")
    page.click("main [name=_save]")
    yield "admin-other-address-add"


def _files(page: Page) -> Iterator[str]:
    page.goto("/admin/imports/roster/add/")
    yield "admin-roster-add"
    page.set_input_files("[name=file]", FILE)
    with page.expect_navigation():
        page.click("main [type=submit].default")
    yield "admin-roster-preview"
    with page.expect_navigation():
        page.click("[value=import]")
    yield "admin-roster-done"
    page.goto("/admin/imports/roster/add/")
    page.set_input_files("[name=file]", FILE | {"buffer": FILE["buffer"] + "不是地址,错误,,,\n".encode("gbk") * 3})
    with page.expect_navigation():
        page.click("main [type=submit].default")
    yield "admin-roster-errors"
    Roster.objects.update(status="applying", working=True, done=4250, total=10000)
    page.reload()
    yield "admin-roster-working"
    page.goto("/admin/imports/roster/add/")
    page.set_input_files("[name=file]", FILE | {"buffer": b"\r\n"})
    with page.expect_navigation():
        page.click("main [type=submit].default")
    yield "admin-roster-refused"
    page.goto("/admin/imports/roster/")
    yield "admin-roster"
    yield from _syncs(page)
    page.goto("/admin/accounts/user/export/?q=p1")
    yield "admin-export"
    page.goto("/admin/accounts/user/slips/")
    yield "admin-slips"
    page.goto("/admin/accounts/user/slips/?department=文学院")
    yield "admin-slips-people"
    page.get_by_role("radio").nth(2).check()
    with page.expect_navigation():
        page.click(".slips-of [type=submit]")
    yield "admin-slips-sheet"
    Rollout.objects.all().delete()
    Roster.objects.all().delete()
    User.objects.filter(is_superuser=False).delete()


SYNCED: dict[str, Any] = {
    "held": 0, "leavers": 2, "renamed": 1, "faults": 1, "new": 212, "back": 0, "moved": 1, "named": 0, "adopted": 0,
    "lines": {
        "leavers": [["wangwu@example.edu", "王五", "文学院"], ["zhaoliu@example.edu", "赵六", "马克思主义学院"]],
        "renamed": [["li.si@example.edu", "lisi@example.edu", "li.si@example.edu"]],
        "faults": [["zhangsan@example.edu", "two_entries"]],
        "new": [[f"p{number}@example.edu", f"新教师{number}", "物理学院"] for number in range(12)],
        "moved": [["sunba@example.edu", "物理学院", "图书馆"]],
    },
}  # fmt: skip


def _syncs(page: Page) -> Iterator[str]:
    page.goto("/admin/directory/sync/add/")
    yield "admin-sync-add"
    row = Sync.objects.create(status="looked", version="v", report=SYNCED, made_by=User.objects.get(is_superuser=True))
    page.goto(f"/admin/directory/sync/{row.pk}/change/")
    yield "admin-sync-looked"
    held = SYNCED | {"held": 812, "lines": {"held": SYNCED["lines"]["leavers"]}}
    Sync.objects.update(report=held)
    page.reload()
    yield "admin-sync-held"
    Sync.objects.update(status="applying", working=True, done=4500)
    page.reload()
    yield "admin-sync-working"
    page.goto("/admin/directory/sync/")
    yield "admin-sync"
    Sync.objects.all().delete()


def _mail_endings(page: Page, clerk: User, owner: User) -> Iterator[str]:
    """What mail programs have open was ended, and cannot be ended; on a page of the owner's and at the desk."""
    mine = Ending.objects.create(why=Ending.Why.NOT_ME, people={clerk.username: 2}, ended_at=timezone.now())
    late = {"working": True, "attempts": 1, "left": {"https://mail.example.edu:8180": 2}}
    with override_settings(DOVEADM_URLS=["https://mail.example.edu:8180"]):
        page.goto("/security/activity/")
        yield "mail-ending"
        Ending.objects.filter(pk=mine.pk).update(ended_at=None, **late)
        page.goto("/security/activity/")
        yield "mail-ending-late"
        Ending.objects.create(why=Ending.Why.DISABLED, people={owner.username: 0}, **late)
        page.goto(f"/admin/accounts/user/{owner.pk}/desk/")
        yield "admin-desk-mail-late"
    Ending.objects.all().delete()
