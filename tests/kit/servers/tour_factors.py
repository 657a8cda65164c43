"""The other ways to take the second step, as tour.py shows everything."""

from collections.abc import Iterator

from playwright.sync_api import Page

from accounts.delivery.models import Sms
from accounts.factors.models import Authenticator
from accounts.users.models import User
from tests.kit.apps import key_on, shows
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
    yield from _sign_in(page)
    Authenticator.objects.all().delete()


def _sign_in(page: Page) -> Iterator[str]:
    Sms.objects.all().delete()  # the next one need not wait
    page.context.clear_cookies(name="session")
    page.goto("/sign-in/")
    steps.password(page, "zhangsan")
    yield "code-or-app"
    page.goto("/sign-in/app/")
    yield "sign-in-app"
    steps.enter(page, WRONG)
    yield "sign-in-app-wrong"
    page.goto("/sign-in/code/")
    steps.enter(page, steps.right_code())
