"""The office edits the networks that it knows."""

from ipaddress import ip_network
from typing import Any

import pytest
from pytest_django import Settings

from accounts.bans import bans, networks
from accounts.bans.models import KnownNetwork
from accounts.bans.where import addresses
from accounts.log.models import SecurityEvent
from tests.conftest import MakeUser
from tests.kit.neighbourhoods import fail, know
from tests.kit.people import Person

Kind = KnownNetwork.Kind
Refusal = networks.Refusal
ADD, LIST = "/admin/bans/knownnetwork/add/", "/admin/bans/knownnetwork/"
BUILDING, WEBMAIL, HOME = "10.20.0.1", "192.0.2.25", "198.51.100.7"


def add(office: Person, cidr: str, kind: Kind, **more: str) -> Any:
    return office.post(ADD, {"cidr": cidr, "kind": kind, "note": "", **more})


def agree(office: Person, path: str, data: dict[str, Any]) -> Any:
    """Tick what the page says, and save again."""
    asked = office.post(path, data)
    assert asked.status_code == 200
    form = asked.context["adminform"].form
    assert 'type="checkbox"' in str(form["agreed"])
    return office.post(path, {**data, "agreed": "on", "agreed_to": form.data["agreed_to"]})


def test_a_network_is_added_and_counts(office: Person) -> None:
    assert add(office, "10.20.0.0/16", Kind.SHARED).status_code == 302
    known = KnownNetwork.objects.get()
    assert (known.created_by, known.edited_by) == (office.user, office.user)
    assert addresses.kind(BUILDING) is Kind.SHARED
    event = SecurityEvent.objects.get(kind="network_edited")
    assert event.actor == office.user
    assert event.detail == {"act": "added", "network": "10.20.0.0/16", "known_as": "shared", "note": ""}


def test_an_edited_one_says_what_it_was(office: Person) -> None:
    known = know("10.20.0.0/16", Kind.SHARED)
    path = f"{LIST}{known.pk}/change/"
    assert office.post(path, {"cidr": "10.21.0.0/16", "kind": "shared", "note": "B"}).status_code == 302
    assert addresses.kind(BUILDING) is None
    assert addresses.kind("10.21.0.1") is Kind.SHARED
    assert SecurityEvent.objects.filter(kind="network_edited").latest("pk").detail["was"] == {
        "cidr": "10.20.0.0/16",
        "note": "",
    }


@pytest.mark.parametrize("cidr", ["", "campus", "0.0.0.0/0", "::/0", "10.20.30.40/16", "10.20.0.0/16"])
def test_nonsense_and_what_is_there_already_are_refused(office: Person, cidr: str) -> None:
    know("10.20.0.0/16", Kind.SHARED)
    page = add(office, cidr, Kind.SHARED)
    assert page.status_code == 200
    assert page.context["adminform"].form.errors["cidr"]
    assert KnownNetwork.objects.count() == 1


def test_a_mistake_is_told_with_what_was_meant(office: Person) -> None:
    assert "10.20.0.0/16" in str(add(office, "10.20.30.40/16", Kind.SHARED).context["errors"])


@pytest.mark.parametrize(
    ("cidr", "kind", "asks"),
    [
        ("10.0.0.0/8", Kind.SHARED, False),
        ("10.0.0.0/8", Kind.NEVER_BANNED, True),
        ("10.0.0.0/15", Kind.NEVER_BANNED, True),
        ("10.20.0.0/16", Kind.NEVER_BANNED, False),
        ("2001:db8::/47", Kind.NEVER_BANNED, True),
        ("2001:db8::/48", Kind.NEVER_BANNED, False),
    ],
)
def test_a_wide_one_where_nobody_is_banned_is_asked_about(office: Person, cidr: str, kind: Kind, asks: bool) -> None:
    page = add(office, cidr, kind)
    assert (page.status_code == 200) is asks
    assert KnownNetwork.objects.exists() is not asks
    if asks:
        assert agree(office, ADD, {"cidr": cidr, "kind": kind}).status_code == 302
        assert KnownNetwork.objects.exists()


def test_a_tick_is_for_what_was_read(office: Person) -> None:
    form = add(office, "10.0.0.0/9", Kind.NEVER_BANNED).context["adminform"].form
    assert (
        add(office, "10.0.0.0/8", Kind.NEVER_BANNED, agreed="on", agreed_to=form.data["agreed_to"]).status_code == 200
    )
    assert add(office, "10.0.0.0/8", Kind.NEVER_BANNED, agreed="on").status_code == 200
    assert not KnownNetwork.objects.exists()


def test_what_it_would_end_and_what_it_meets_are_told_first(
    office: Person, make_user: MakeUser, settings: Settings
) -> None:
    settings.SHARED_NETWORKS = [ip_network("10.0.0.0/8")]
    make_user("wangwu")
    fail(BUILDING, 10)
    know("10.20.5.0/24", Kind.NEVER_BANNED)
    said = str(add(office, "10.20.0.0/16", Kind.NEVER_BANNED).context["errors"])
    for text in ("10.20.0.1", "10.0.0.0/8", "10.20.5.0/24"):
        assert text in said
    assert bans.banned_until(BUILDING, "wangwu@example.edu")
    agree(office, ADD, {"cidr": "10.20.0.0/16", "kind": Kind.NEVER_BANNED})
    assert not bans.banned_until(BUILDING, "wangwu@example.edu")


def test_the_networks_of_the_settings_are_shown(office: Person, settings: Settings) -> None:
    settings.SHARED_NETWORKS = [ip_network("10.99.0.0/16")]
    assert "10.99.0.0/16" in office.get(LIST).content.decode()


@pytest.mark.parametrize("way", ["page", "action"])
def test_a_removed_network_is_logged(office: Person, way: str) -> None:
    known = know("10.20.0.0/16", Kind.SHARED)
    if way == "page":
        office.post(f"{LIST}{known.pk}/delete/", {"post": "yes"})
    else:
        office.post(LIST, {"action": "delete_selected", "_selected_action": [known.pk], "post": "yes"})
    assert not KnownNetwork.objects.exists()
    assert SecurityEvent.objects.filter(kind="network_edited", detail__act="removed").get().actor == office.user
