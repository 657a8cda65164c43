"""The other ways to take the second step, as tour.py shows everything."""

from collections.abc import Iterator

from django.test import override_settings
from playwright.sync_api import Page

from accounts.browsers.models import TrustedBrowser
from accounts.delivery.models import Sms
from accounts.factors.models import Authenticator, Passkey, RecoverySet
from accounts.users.models import User
from tests.kit.apps import key_on, shows
from tests.kit.passkeys import VirtualKey
from tests.kit.servers import steps

WRONG = "000000"  # hardly ever right


def factors(page: Page, owner: User) -> Iterator[str]:
    """`owner` is in by a code, and is so again at the end, with nothing but the phone."""
    page.goto("/security/factors/")
    yield "factors-phone"
    page.goto("/security/factors/app/")
    yield "app-new"
    page.click("summary")
    yield "app-new-key"
    key = key_on(page.content())
    steps.enter(page, WRONG)
    yield "app-new-wrong"
    page.fill("[name=name]", "我的手机")
    steps.enter(page, shows(key))
    yield "factors"
    app = Authenticator.objects.get(user=owner)
    page.goto(f"/security/factors/app/{app.pk}/")
    yield "app"
    page.goto("/security/confirm/app/?next=/app-passwords/")
    yield "confirm-app"
    with override_settings(PUBLIC_URL=page.evaluate("location.origin")):  # which passkeys are of
        authenticator = VirtualKey(page)
        yield from _passkeys(page, authenticator)
        authenticator.is_there(False)  # or it would answer at the field of the code
        yield from _recovery_codes(page)
        yield from _sign_in(page, authenticator)
    Authenticator.objects.all().delete()
    Passkey.objects.all().delete()
    RecoverySet.objects.all().delete()
    owner.refresh_from_db()
    TrustedBrowser.objects.update(ways_version=owner.ways_version)


def _passkeys(page: Page, key: VirtualKey) -> Iterator[str]:
    page.goto("/security/factors/passkeys/")
    yield "passkeys-none"
    key.unlocks(False)
    page.click("[data-asks]")
    page.wait_for_selector("[data-passkey-error]:visible")
    yield "passkeys-not-unlocked"
    key.unlocks(True)
    page.fill("[name=name]", "办公室电脑")
    with page.expect_navigation():
        page.click("[data-asks]")
    yield "passkeys"
    page.goto(f"/security/factors/passkeys/{Passkey.objects.get().pk}/")
    yield "passkey"
    page.goto("/security/factors/")
    yield "factors-passkey"
    page.goto("/security/confirm/passkey/?next=/app-passwords/")
    yield "confirm-passkey"


def _recovery_codes(page: Page) -> Iterator[str]:
    page.goto("/security/factors/recovery/")
    yield "recovery-none"
    with page.expect_navigation():
        page.click("main form .btn")
    yield "recovery-made"
    codes = page.locator(".recovery-code").all_inner_texts()
    page.goto("/security/factors/recovery/")
    yield "recovery"
    page.goto("/security/confirm/recovery/?next=/app-passwords/")
    yield "confirm-recovery"
    page.context.clear_cookies(name="session")
    page.goto("/sign-in/?next=/app-passwords/")
    steps.password(page, "zhangsan")
    page.goto("/sign-in/recovery/")
    yield "sign-in-recovery"
    steps.enter(page, codes[0][:12])
    yield "sign-in-recovery-half"
    steps.enter(page, codes[0])
    yield "factors-recovered"


def _sign_in(page: Page, key: VirtualKey) -> Iterator[str]:
    Sms.objects.all().delete()  # the next one need not wait
    page.context.clear_cookies(name="session")
    page.goto("/sign-in/")
    steps.password(page, "zhangsan")
    yield "code-or-app"
    page.goto("/sign-in/app/")
    yield "sign-in-app"
    steps.enter(page, WRONG)
    yield "sign-in-app-wrong"
    page.goto("/sign-in/passkey/")
    yield "sign-in-passkey"
    Passkey.objects.update(public_key=b"")
    key.is_there(True)
    with page.expect_navigation():
        page.click("[data-asks]")
    yield "sign-in-passkey-wrong"
    key.is_there(False)
    page.goto("/sign-in/code/")
    steps.enter(page, steps.right_code())
