"""The tour of the pages about mail programs: app passwords, their connection, profiles."""

from collections.abc import Iterator
from datetime import timedelta

from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page

from accounts.aliases.models import Alias
from accounts.owners.models import Ownership
from accounts.users.models import User
from apppasswords import last_use, limits, passwords
from apppasswords.limits import Limits, Scope
from apppasswords.models import AppPassword, FirstUse, Mistake, ProfileLink
from apppasswords.setup import links
from tests.kit.people import IPHONE


def app_passwords(page: Page, owner: User) -> Iterator[str]:
    page.goto("/app-passwords/")
    yield "app-passwords-none"
    page.fill("[name=name]", "x7Kd9Qm2Lp4Rt8Wz")
    with page.expect_navigation():
        page.press("[name=name]", "Enter")
    yield "app-passwords-secret-as-name"
    page.click("summary")
    yield "app-passwords-limits"
    page.fill("[name=name]", "Foxmail")
    with page.expect_navigation():
        page.press("[name=name]", "Enter")
    yield "app-password-created"
    row = AppPassword.objects.get(user=owner)
    yield from _connection(page, row)
    page.goto("/app-passwords/")
    ends_at = limits.end_of(timezone.localdate() + timedelta(days=200))
    passwords.create(owner, "iPhone15ProMax", limits=Limits(Scope.READING, "198.51.100.0/24", ends_at, 180))
    office, _is_new = User.objects.get_or_create(username="xuanchuanbu@example.edu", is_shared=True)
    ownership, _is_new = Ownership.objects.get_or_create(mailbox=office, owner=owner)
    passwords.create(ownership, "Foxmail, Haus 2")
    for address in ("dean@example.edu", "zhaosheng.bangongshi@example.edu"):  # the guides name them
        Alias.objects.get_or_create(address=address, user=owner)
    last_use.note([last_use.Use(row.pk, "imap", "2001:db8:1234:5678:9abc:def0:1234:5678", timezone.now())])
    page.reload()
    yield "app-passwords-many"
    page.goto("/app-passwords/remove-all/")
    yield "app-passwords-remove-all"


def _connection(page: Page, row: AppPassword) -> Iterator[str]:
    now, address = timezone.now(), reverse("connection", args=[row.pk])
    page.goto(address)
    yield "connection-waiting"
    for mistake in Mistake:
        until = now + timedelta(minutes=48) if mistake is Mistake.BANNED else None
        networks = "198.51.100.0/24" if mistake is Mistake.ELSEWHERE else ""
        AppPassword.objects.filter(pk=row.pk).update(
            networks=networks,
            mistake=mistake,
            mistake_at=now,
            mistake_protocol="imap",
            mistake_address="192.0.2.7",
            mistake_until=until,
        )
        page.goto(address)
        yield f"connection-{mistake}"
    AppPassword.objects.filter(pk=row.pk).update(mistake="")
    FirstUse.objects.create(password=row, protocol="imap", at=now, address="192.0.2.7")
    page.goto(address)
    yield "connection-connected"
    FirstUse.objects.create(password=row, protocol="smtp", at=now, address="192.0.2.7")
    page.reload()
    yield "connection-sends-too"
    AppPassword.objects.filter(pk=row.pk).update(mistake=Mistake.UNUSED)  # the lists tell it


def profiles(page: Page, owner: User) -> Iterator[str]:
    page.goto("/app-passwords/profile/")
    yield "profile"
    page.fill("[name=name]", "x7Kd9Qm2Lp4Rt8Wz")
    page.click("[name=qr]")
    yield "profile-secret-as-name"
    page.fill("[name=name]", "iPhone")
    with page.expect_navigation():
        page.click("[name=qr]")
    yield "profile-qr"
    link = ProfileLink.objects.get(user=owner)
    page.goto(reverse("profile_link", args=[link.pk]))
    yield "profile-waiting"
    ProfileLink.objects.update(expires_at=timezone.now())
    page.reload()
    yield "profile-expired"
    ProfileLink.objects.update(used_at=timezone.now())
    page.reload()
    yield "profile-taken"
    ProfileLink.objects.update(password=AppPassword.objects.get(user=owner, last_used_at__isnull=False))
    page.reload()
    yield "profile-connected"
    made = links.make(owner, "iPhone")
    assert isinstance(made, tuple)
    page.goto(reverse("profile_token", args=[made[1]]))
    yield "profile-open-other"
    page.set_extra_http_headers({"User-Agent": f"{IPHONE} MicroMessenger/8.0.50"})
    page.goto(reverse("profile_token", args=[made[1]]))
    yield "profile-in-app"
    page.set_extra_http_headers({"User-Agent": IPHONE})
    page.goto(reverse("profile_open"))  # with the cookie of before
    yield "profile-open"
    page.goto("/app-passwords/profile/")
    yield "profile-on-iphone"
    page.set_extra_http_headers({})
    ProfileLink.objects.all().delete()
    page.goto(reverse("profile_open"))
    yield "profile-gone"
