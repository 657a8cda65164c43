"""Role by address by method, and role by action: what the administration answers.

A new address or action fails these tests until it is in the table. What fails prints the row as it
is answered now: read it, decide whether that is right, and put it in.
"""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.db import transaction
from django.test import RequestFactory

from accounts.phones.models import Phone
from accounts.users.models import User
from tests.conftest import MakeUser
from tests.kit.officers import CLERKS, clerk_with
from tests.kit.people import Person
from tests.kit.share import share
from tests.kit.sitemap import Addresses, Place, places
from tests.kit.snapshots import changed, everything

# Each cell: what GET and an empty POST are answered. r: read only. rw: both. w: POST only. -: neither.
# Empty POSTs change nothing by themselves; what actions do is below.
TABLE = """
                                                           no    help  two-  audi- admin super-
                                                           role  desk  step  tor   istr. user
admin/                                                     r     r     r     r     r     r
admin/password_change/                                     r     r     r     r     r     r
admin/password_change/done/                                r     r     r     r     r     r
admin/autocomplete/                                        -     -     -     -     -     -
admin/r/<path:content_type_id>/<path:object_id>/           -     -     -     -     -     -
admin/dashboard/                                           -     rw    rw    rw    rw    rw
admin/handbook/                                            r     r     r     r     r     r
admin/doctor/                                              -     -     -     -     -     r
admin/find/                                                -     w     w     w     w     w
admin/accounts/user/<int:id>/desk/                         -     r     r     r     r     r
admin/openid/application/                                -     -     -     r     r     r
admin/openid/application/add/                            -     -     -     -     -     rw
admin/openid/application/<path:object_id>/history/       -     -     -     r     r     r
admin/openid/application/<path:object_id>/delete/        -     -     -     -     -     rw
admin/openid/application/<path:object_id>/change/        -     -     -     r     r     rw
admin/rollouts/exemption/                                  -     -     r     r     r     r
admin/rollouts/exemption/add/                              -     -     rw    -     rw    rw
admin/rollouts/exemption/<path:object_id>/history/         -     -     r     r     r     r
admin/rollouts/exemption/<path:object_id>/delete/          -     -     -     -     -     -
admin/rollouts/exemption/<path:object_id>/change/          -     -     rw    r     rw    rw
admin/log/securityevent/export/                       -     -     -     -     -     -
admin/maillogins/maillogin/                                  -     r     r     r     r     r
admin/maillogins/maillogin/add/                              -     -     -     -     -     -
admin/maillogins/maillogin/<path:object_id>/history/         -     r     r     r     r     r
admin/maillogins/maillogin/<path:object_id>/delete/          -     -     -     -     -     -
admin/maillogins/maillogin/<path:object_id>/change/          -     r     r     r     r     r
admin/directory/sync/                                     -     -     -     r     r     r
admin/directory/sync/add/                                 -     -     -     -     rw    rw
admin/directory/sync/<path:object_id>/history/            -     -     -     r     r     r
admin/directory/sync/<path:object_id>/delete/             -     -     -     -     -     -
admin/directory/sync/<path:object_id>/change/             -     -     -     r     rw    rw
admin/imports/roster/                                     -     -     r     r     r     r
admin/imports/roster/add/                                 -     -     rw    -     rw    rw
admin/imports/roster/<path:object_id>/history/            -     -     r     r     r     r
admin/imports/roster/<path:object_id>/delete/             -     -     -     -     -     -
admin/imports/roster/<path:object_id>/change/             -     -     r     r     r     r
admin/imports/roster/<path:object_id>/wrong/              -     -     -     -     -     -
admin/rollouts/remindermail/                               -     r     -     r     r     r
admin/rollouts/remindermail/add/                           -     -     -     -     -     -
admin/rollouts/remindermail/<path:object_id>/history/      -     r     -     r     r     r
admin/rollouts/remindermail/<path:object_id>/delete/       -     -     -     -     -     -
admin/rollouts/remindermail/<path:object_id>/change/       -     r     -     r     r     r
admin/rollouts/rollout/                                    -     -     r     r     r     r
admin/rollouts/rollout/add/                                -     -     rw    -     rw    rw
admin/rollouts/rollout/<path:object_id>/history/           -     -     r     r     r     r
admin/rollouts/rollout/<path:object_id>/delete/            -     -     -     -     -     -
admin/rollouts/rollout/<path:object_id>/change/            -     -     rw    r     rw    rw
admin/rollouts/rollout/<int:pk>/choose/                    -     -     rw    -     rw    rw
admin/rollouts/rollout/<int:pk>/mail/                      -     -     rw    r     rw    rw
admin/rollouts/rollout/<int:pk>/people/                    -     -     r     r     r     r
admin/accounts/user/export/                                -     -     rw    rw    rw    rw
admin/accounts/user/<int:pk>/two-step/                     -     -     rw    -     rw    rw
admin/accounts/user/slips/                                 -     rw    -     -     rw    rw
admin/bans/ban/<path:object_id>/lift/                  -     w     -     -     w     w
admin/bans/ban/                                        -     r     -     r     r     r
admin/bans/ban/add/                                    -     -     -     -     -     -
admin/bans/ban/<path:object_id>/history/               -     r     -     r     r     r
admin/bans/ban/<path:object_id>/delete/                -     -     -     -     -     -
admin/bans/ban/<path:object_id>/change/                -     r     -     r     r     r
admin/bans/failure/                                    -     r     -     r     r     r
admin/bans/failure/add/                                -     -     -     -     -     -
admin/bans/failure/<path:object_id>/history/           -     r     -     r     r     r
admin/bans/failure/<path:object_id>/delete/            -     -     -     -     -     -
admin/bans/failure/<path:object_id>/change/            -     r     -     r     r     r
admin/delivery/sms/                                        -     r     -     r     r     r
admin/delivery/sms/add/                                    -     -     -     -     -     -
admin/delivery/sms/<path:object_id>/history/               -     r     -     r     r     r
admin/delivery/sms/<path:object_id>/delete/                -     -     -     -     -     -
admin/delivery/sms/<path:object_id>/change/                -     r     -     r     r     r
admin/delivery/mail/                                       -     r     -     r     r     r
admin/delivery/mail/add/                                   -     -     -     -     -     -
admin/delivery/mail/<path:object_id>/history/              -     r     -     r     r     r
admin/delivery/mail/<path:object_id>/delete/               -     -     -     -     -     -
admin/delivery/mail/<path:object_id>/change/               -     r     -     r     r     r
admin/routes/gateway/                                      -     r     -     r     r     r
admin/routes/gateway/<slug:name>/                          -     r     -     r     rw    rw
admin/browsers/trustedbrowser/                             -     r     -     r     r     r
admin/browsers/trustedbrowser/add/                         -     -     -     -     -     -
admin/browsers/trustedbrowser/<path:object_id>/history/    -     r     -     r     r     r
admin/browsers/trustedbrowser/<path:object_id>/delete/     -     -     -     -     -     -
admin/browsers/trustedbrowser/<path:object_id>/change/     -     r     -     r     r     r
admin/log/securityevent/                              -     r     -     r     r     r
admin/log/securityevent/add/                          -     -     -     -     -     -
admin/log/securityevent/<path:object_id>/history/     -     r     -     r     r     r
admin/log/securityevent/<path:object_id>/delete/      -     -     -     -     -     -
admin/log/securityevent/<path:object_id>/change/      -     r     -     r     r     r
admin/bans/knownnetwork/                               -     r     -     r     r     r
admin/bans/knownnetwork/add/                           -     -     -     -     rw    rw
admin/bans/knownnetwork/<path:object_id>/history/      -     r     -     r     r     r
admin/bans/knownnetwork/<path:object_id>/delete/       -     -     -     -     rw    rw
admin/bans/knownnetwork/<path:object_id>/change/       -     r     -     r     rw    rw
admin/accounts/user/<id>/password/                         -     rw    -     -     rw    rw
admin/accounts/user/                                       -     r     r     r     r     r
admin/accounts/user/add/                                   -     -     rw    -     rw    rw
admin/accounts/user/<path:object_id>/history/              -     r     r     r     r     r
admin/accounts/user/<path:object_id>/delete/               -     -     -     -     rw    rw
admin/accounts/user/<path:object_id>/change/               -     r     rw    r     rw    rw
admin/office/role/                                       -     -     -     r     r     r
admin/office/role/add/                                   -     -     -     -     -     rw
admin/office/role/<path:object_id>/history/              -     -     -     r     r     r
admin/office/role/<path:object_id>/delete/               -     -     -     -     -     rw
admin/office/role/<path:object_id>/change/               -     -     -     r     r     rw
admin/apppasswords/apppassword/                            -     r     -     r     r     r
admin/apppasswords/apppassword/add/                        -     -     -     -     -     -
admin/apppasswords/apppassword/<path:object_id>/history/   -     r     -     r     r     r
admin/apppasswords/apppassword/<path:object_id>/delete/    -     -     -     -     -     -
admin/apppasswords/apppassword/<path:object_id>/change/    -     r     -     r     r     r
admin/owners/ownership/                                    -     r     -     r     r     r
admin/owners/ownership/add/                                -     -     -     -     rw    rw
admin/owners/ownership/<path:object_id>/history/           -     r     -     r     r     r
admin/owners/ownership/<path:object_id>/delete/            -     -     -     -     rw    rw
admin/owners/ownership/<path:object_id>/change/            -     r     -     r     r     r
admin/aliases/alias/                                       -     r     -     r     r     r
admin/aliases/alias/add/                                   -     -     -     -     rw    rw
admin/aliases/alias/<path:object_id>/history/              -     r     -     r     r     r
admin/aliases/alias/<path:object_id>/delete/               -     -     -     -     rw    rw
admin/aliases/alias/<path:object_id>/change/               -     r     -     r     r     r
admin/apppasswords/machine/                                -     r     -     r     r     r
admin/apppasswords/machine/add/                            -     -     -     -     rw    rw
admin/apppasswords/machine/<path:object_id>/history/       -     r     -     r     r     r
admin/apppasswords/machine/<path:object_id>/delete/        -     -     -     -     -     -
admin/apppasswords/machine/<path:object_id>/change/        -     r     -     r     r     r
admin/<app_label>/                                         -     r     r     r     r     r
admin/(?P<url>.*)$                                         -     -     -     -     -     -
"""

# The actions of lists: x where the action is offered and does something.
ACTIONS = """
                                                           no    help  two-  audi- admin super-
                                                           role  desk  step  tor   istr. user
bans/ban lift                                              -     x     -     -     x     x
bans/knownnetwork delete_selected                          -     -     -     -     x     x
openid/application delete_selected                         -     -     -     -     -     x
accounts/user delete_selected                              -     -     -     -     x     x
accounts/user switch_two_step_on                           -     -     x     -     x     x
accounts/user slips_of                                     -     x     -     -     x     x
accounts/user unbind_phone                                 -     x     -     -     x     x
accounts/user forget_browsers                              -     x     -     -     x     x
office/role delete_selected                                -     -     -     -     -     x
apppasswords/apppassword remove                            -     x     -     -     x     x
owners/ownership delete_selected                           -     -     -     -     x     x
aliases/alias delete_selected                              -     -     -     -     x     x
apppasswords/machine remove                                -     x     -     -     x     x
"""

ADMIN = [place for place in places() if place.route.startswith("admin/")]
FOR_ALL = {"admin/login/", "admin/logout/", "admin/jsi18n/"}
# Django's pages that take no form, or one whose actions are below: what they answer a POST is what they answer GET.
WITHOUT_FORM = re.compile(r"admin/(\w+/\w+/(<path:object_id>/history/)?|<app_label>/|password_change/(done/)?)?")
# It leads to the page of the row, which answers for itself.
LEADS_ON = re.compile(r"admin/\w+/\w+/<path:object_id>/")


def _rows(table: str) -> Iterator[tuple[str, list[str]]]:
    for line in table.strip().splitlines()[2:]:
        name, *cells = line.rsplit(maxsplit=len(CLERKS))
        yield " ".join(name.split()), cells


def _row(name: str, cells: list[str]) -> str:
    return f"{name:<58} " + " ".join(f"{cell:<5}" for cell in cells).rstrip()


@pytest.fixture
def addresses(make_user: MakeUser) -> Addresses:
    owner = make_user("owner", phone="13600136009")
    return Addresses(owner, Phone.objects.get(user=owner))


@pytest.fixture
def clerks(make_user: MakeUser) -> list[Person]:
    return [clerk_with(make_user, role) for role in CLERKS]


def answered(person: Person, method: str, path: str) -> bool:
    """Whether there is an answer but "no". What a POST does is taken back."""
    start = transaction.savepoint()
    status = person.generic(method, path).status_code
    transaction.savepoint_rollback(start)
    assert status < 500, f"{method} {path}: {status}"
    return status in (200, 302)


def cell(person: Person, place: Place, path: str) -> str:
    read = answered(person, "GET", path)
    write = not WITHOUT_FORM.fullmatch(place.route) and answered(person, "POST", path)
    return f"{'r' if read else ''}{'w' if write else ''}" or "-"


def test_every_address_for_every_role(addresses: Addresses, clerks: list[Person]) -> None:
    expected = dict(_rows(TABLE))
    found = []
    asked = [place for place in ADMIN if place.route not in FOR_ALL and not LEADS_ON.fullmatch(place.route)]
    for place in share(asked, 5):
        cells = [cell(person, place, addresses.of(place)) for person in clerks]
        if expected.get(place.route) != cells:
            found.append(_row(place.route, cells))
    assert not found, "not as in the table:\n" + "\n".join(found)
    assert set(expected) == {place.route for place in asked}, "the table has more"


def _actions() -> Iterator[tuple[ModelAdmin[Any], str]]:
    """Those that a superuser is offered."""
    request = RequestFactory().get("/")
    request.user = User(is_superuser=True, is_active=True)
    for model_admin in admin.site._registry.values():
        for action in model_admin.get_actions(request):
            yield model_admin, action


def acts(person: Person, path: str, action: str, pk: int) -> bool:
    """Whether the action is taken: it asks back on a page of its own, leads to one, or changes something."""
    start, before = transaction.savepoint(), everything()
    response = person.post(path, {"action": action, "_selected_action": [pk]})
    is_list = "admin/change_list.html" in {template.name for template in response.templates}
    leads_on = urlsplit(response.headers.get("Location", "")).path not in ("", path)
    done = leads_on or (response.status_code == 200 and not is_list) or bool(changed(before))
    transaction.savepoint_rollback(start)
    return done


def test_every_action_for_every_role(addresses: Addresses, clerks: list[Person]) -> None:
    expected = dict(_rows(ACTIONS))
    found, asked = [], []
    for model_admin, action in _actions():
        model = f"{model_admin.opts.app_label}/{model_admin.opts.model_name}"
        asked.append(f"{model} {action}")
        cells = ["x" if acts(person, f"/admin/{model}/", action, addresses.rows[model]) else "-" for person in clerks]
        if expected.get(asked[-1]) != cells:
            found.append(_row(asked[-1], cells))
    assert not found, "not as in the table:\n" + "\n".join(found)
    assert set(expected) == set(asked), "the table has more"
