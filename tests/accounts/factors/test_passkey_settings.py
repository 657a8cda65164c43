"""Of which site passkeys are, by the settings."""

import pytest
from pytest_django import Settings

from accounts.factors import ceremonies
from portal import checks


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://Mail.example.edu", "https://mail.example.edu"),
        ("https://mail.example.edu:443", "https://mail.example.edu"),
        ("https://mail.example.edu:8443/portal", "https://mail.example.edu:8443"),
    ],
)
def test_an_origin_is_as_browsers_write_it(settings: Settings, url: str, origin: str) -> None:
    settings.PUBLIC_URL = url
    assert ceremonies.origin() == origin


@pytest.mark.parametrize(("domain", "fits"), [("mail.example.edu", True), ("example.edu", True), ("ample.edu", False)])
def test_the_domain_must_hold_the_site(settings: Settings, domain: str, fits: bool) -> None:
    settings.PUBLIC_URL, settings.PASSKEY_DOMAIN = "https://mail.example.edu", domain
    assert ("portal.E007" not in {found.id for found in checks.addresses()}) is fits
