"""Every page of the portal in every state that it has, one after the other, in a real browser.

The database is prepared directly, so the tour needs the server to run in this process (pytest-django's `live_server`).
"""

from collections.abc import Iterator
from datetime import timedelta

from django.conf import settings
from django.test import override_settings
from django.utils import timezone
from playwright.sync_api import Page

from accounts.bans.models import Ban
from accounts.browsers.browsers import Look
from accounts.browsers.models import TrustedBrowser
from accounts.delivery.models import Sms
from accounts.maillogins.models import MailLogin
from accounts.phones import notice
from accounts.phones.models import Phone, Suggestion
from accounts.sessions import signins
from accounts.users.models import User
from apppasswords.guides import programs
from tests.kit.people import NUMBER, OTHER_NUMBER, PASSWORD
from tests.kit.servers import steps
from tests.kit.servers.tour_factors import factors
from tests.kit.servers.tour_mail_programs import app_passwords, profiles
from tests.kit.servers.tour_office import administration

LANDLINE = "01062330000"


def tour(page: Page) -> Iterator[str]:
    """The name of each state, while the page shows it. Ends with an empty database as it began."""
    owner = User.objects.create_user("zhangsan@example.edu", PASSWORD, name="张三", two_step_from=timezone.now())
    clerk = User.objects.create_user(
        "itoffice@example.edu", PASSWORD, name="信息办", two_step_from=timezone.now(), is_staff=True, is_superuser=True
    )
    Phone.objects.create(user=clerk, number="+8613700137000", **notice.now().columns)
    yield from _front_door(page)
    yield from _guides(page, "guide-open", ["huawei", "second-step"])
    yield from _binding(page, owner)
    yield from _code(page, owner)
    yield from factors(page, owner)
    yield from app_passwords(page, owner)
    yield from _guides(page, "guide", [*programs.BY_SLUG, "second-step"])
    yield from profiles(page, owner)
    yield from _security(page, owner)
    yield from _passwords(page, owner)
    yield from _without_phone(page, owner)
    yield from _errors(page)
    _sign_out(page)
    yield from administration(page, clerk)


def _front_door(page: Page) -> Iterator[str]:
    page.goto("/")
    yield "sign-in"
    yield from _sources(page)
    steps.password(page, "zhangsan", "not my password")
    yield "sign-in-wrong"
    ban = Ban.objects.create(network="127.0.0.1", until=timezone.now() + timedelta(minutes=48))
    page.goto("/sign-in/")
    yield "banned"
    ban.delete()


def _sources(page: Page) -> Iterator[str]:
    """The institution's single sign-on beside the form, and in its place."""
    with override_settings(CAS_URL="https://login.example.edu/cas"):
        page.reload()
        yield "sign-in-sources"
        for shape in ("folded", "hidden"):
            with override_settings(SIGN_IN_FORM=shape):
                page.reload()
                yield f"sign-in-{shape}"
    page.reload()


def _guides(page: Page, name: str, slugs: list[str]) -> Iterator[str]:
    page.goto("/guides/")
    yield f"{name}s"
    for slug in slugs:
        page.goto(f"/guides/{slug}/")
        yield f"{name}-{slug}"


def _binding(page: Page, owner: User) -> Iterator[str]:
    page.goto("/sign-in/")
    steps.password(page, "zhangsan")
    yield "bind"
    yield from _suggested(page, owner)
    page.fill("[name=number]", LANDLINE)
    steps.agree(page)
    page.click("[name=send]")
    yield "bind-landline"
    page.fill("[name=number]", NUMBER)
    steps.agree(page)
    page.click("[name=send]")
    yield "bind-sent"
    steps.enter(page, steps.wrong_code())
    yield "bind-wrong-code"
    Phone.objects.create(user=owner, number=f"+86{NUMBER}", **notice.now().columns)


def _suggested(page: Page, owner: User) -> Iterator[str]:
    """The directory has a number, and is trusted afterwards."""
    row = Suggestion.objects.create(user=owner, number=f"+86{OTHER_NUMBER}")
    of_the_directory = {"LDAP_ATTRIBUTES": settings.LDAP_ATTRIBUTES | {"phone": "mobile"}}
    with override_settings(**of_the_directory):
        page.reload()
        yield "bind-suggested"
    User.objects.filter(pk=owner.pk).update(department="财务处")
    trusted = {"LDAP_PHONES_TRUSTED_SINCE": timezone.localdate(), "LDAP_PHONES_TRUSTED_FOR": ["财务处"]}
    with override_settings(**of_the_directory, **trusted):
        page.reload()
        page.evaluate("document.forms[document.forms.length - 2].noValidate = true")
        page.click("[name=send]")
        yield "bind-not-agreed"
        steps.agree(page)
        page.click("[name=send]")
        yield "bind-trusted-sent"
    User.objects.filter(pk=owner.pk).update(department="")
    row.delete()
    Sms.objects.all().delete()
    page.goto("/sign-in/phone/")


def _code(page: Page, owner: User) -> Iterator[str]:
    page.goto("/sign-in/")
    steps.password(page, "zhangsan")
    for status in Sms.Status.values:
        reason = Sms.Reason.NUMBER if status == Sms.Status.FAILED else ""
        now = timezone.now()
        Sms.objects.update(status=status, reason=reason, sent_at=now, delivered_at=now)
        page.goto("/sign-in/code/")
        yield f"code-{status}"
    Sms.objects.update(status=Sms.Status.SENT, created_at=timezone.now() - settings.SMS_RESEND_AFTER)
    page.goto("/sign-in/code/")
    yield "code-may-resend"
    steps.enter(page, steps.wrong_code())
    yield "code-wrong"
    Sms.objects.update(tries=settings.SMS_CODE_TRIES)
    steps.enter(page, steps.wrong_code())
    yield "code-exhausted"
    Sms.objects.update(created_at=timezone.now())
    page.context.clear_cookies(name="session")
    page.goto("/sign-in/")
    steps.password(page, "zhangsan")
    yield "code-refused"
    page.goto("/sign-in/help/")
    yield "help-code"
    steps.enter(page, "12345678")
    yield "help-code-wrong"
    page.goto("/sign-in/code/")
    Sms.objects.all().delete()
    page.reload()
    page.click("[name=send]")
    page.check("[name=trust_browser]")
    steps.enter(page, steps.right_code())


def _security(page: Page, owner: User) -> Iterator[str]:
    page.goto("/")
    yield "home"
    old = MailLogin.objects.create(user=owner, day=timezone.localdate(), protocol="imap", method="mailbox", count=3)
    page.reload()
    yield "home-stopped"
    MailLogin.objects.filter(pk=old.pk).update(protocol="smtp")
    page.reload()
    yield "home-sends-not"
    old.delete()
    page.goto("/security/browsers/")
    yield "browsers"
    here = TrustedBrowser.objects.get(user=owner)
    for name, system in (
        ("Firefox 140", "Windows 10"),
        ("Mobile Safari 18", "iOS 18"),
        ("微信内置浏览器", "Android 15"),
    ):
        TrustedBrowser.objects.create(
            user=owner, phone=here.phone, ways_version=here.ways_version, digest=name, browser=name, system=system,
            address="2001:db8:1234:5678:9abc:def0:1234:5678", expires_at=here.expires_at,
        )  # fmt: skip
    page.goto("/security/browsers/")
    yield "browsers-many"
    page.click("[name=all]")
    yield "browsers-none"
    for protocol, method, count in (("imap", "app", 23), ("pop3", "app", 1), ("smtp", "mailbox", 2)):
        MailLogin.objects.create(
            user=owner, day=timezone.localdate(), protocol=protocol, method=method, count=count,
            address="2001:db8:1234:5678:9abc:def0:1234:5678",
        )  # fmt: skip
    look = Look("Mobile Safari 18", "iOS 18", "2001:db8:1234:5678:9abc:def0:1234:5678")
    signins.note(
        owner,
        "elsewhere",
        look,
        signed_in_at=timezone.now(),
        ends_at=timezone.now() + timedelta(hours=12),
        is_temporary=True,
    )
    page.goto("/security/activity/")
    yield "activity"
    with page.expect_navigation():
        page.click("main a[href*='entry=mail-']")
    yield "not-me"
    page.goto("/security/phone/")
    yield "phone"
    page.goto("/privacy/")
    yield "privacy"
    page.goto("/security/data/")
    yield "my-data"
    with override_settings(PRIVACY_VERSION=2):
        page.goto("/")
        yield "home-to-agree"
        page.goto("/security/phone/")
        yield "phone-to-agree"
    page.goto("/security/phone/change/")
    yield "change-old"
    page.click("[name=send]")
    yield "change-old-sent"
    steps.enter(page, steps.right_code())
    yield "change-new"
    page.fill("[name=number]", OTHER_NUMBER)
    steps.agree(page)
    page.click("[name=send]")
    yield "change-new-sent"
    page.goto("/security/phone/unbind/")
    yield "unbind"
    page.click("[name=send]")
    yield "unbind-sent"


def _passwords(page: Page, owner: User) -> Iterator[str]:
    page.goto("/security/password/")
    yield "password"
    page.fill("[name=old_password]", "something else")
    page.fill("[name=new_password]", "12345678")
    page.fill("[name=new_password_again]", "different")
    page.click("main [type=submit]")
    yield "password-errors"
    User.objects.filter(pk=owner.pk).update(must_change_password=True)
    page.goto("/")
    yield "password-first"
    User.objects.filter(pk=owner.pk).update(must_change_password=False)
    steps.code_is_old(page)
    page.goto("/security/password/")
    yield "confirm"
    page.click("[name=send]")
    yield "confirm-sent"


def _without_phone(page: Page, owner: User) -> Iterator[str]:
    User.objects.filter(pk=owner.pk).update(two_step_from=None)
    Phone.objects.filter(user=owner).delete()
    page.goto("/app-passwords/")
    yield "app-passwords-phone-needed"
    page.goto("/")
    yield "home-two-step-off"
    page.goto("/security/phone/")
    yield "phone-none"
    page.goto("/outbox/")
    yield "outbox"


def _errors(page: Page) -> Iterator[str]:
    page.goto("/admin/")
    yield "error-403"
    page.goto("/no-such-page/")
    yield "error-404"
    page.goto("/security/phone/")
    page.evaluate("document.querySelectorAll('main [name=csrfmiddlewaretoken]').forEach(field => field.remove())")
    page.fill("[name=number]", NUMBER)
    steps.agree(page)
    page.click("main [type=submit]")
    yield "error-csrf"


def _sign_out(page: Page) -> None:
    page.context.clear_cookies(name="session")
