"""`manage.py checkdirectory`: each mistake of a setting is a sentence that names the setting."""

from collections.abc import Callable

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from accounts.directory.models import Asked
from tests.accounts.directory.conftest import ELSEWHERE, use
from tests.conftest import MakeUser
from tests.kit.people import Person
from tests.kit.servers import certificates
from tests.kit.servers.directory import Directory


def checked(capsys: pytest.CaptureFixture[str], *address: str, faults: int = 0) -> str:
    if faults:
        with pytest.raises(CommandError):
            call_command("checkdirectory", *address)
    else:
        call_command("checkdirectory", *address)
    said = capsys.readouterr().out
    assert said.count("✗") == faults, said
    return said


def test_all_is_well(slapd: Directory, db: None, capsys: pytest.CaptureFixture[str]) -> None:
    assert "service account and LDAP_BASE are right" in checked(capsys)


def test_it_is_said_which_setting_is_wrong(
    slapd: Directory, settings: Settings, capsys: pytest.CaptureFixture[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    def said(**wrong: object) -> str:
        use(settings, slapd)
        for name, value in wrong.items():
            setattr(settings, name, value)
        return checked(capsys, faults=1)

    other = str(certificates.make(tmp_path_factory.mktemp("other") / "tls"))
    assert "LDAP_BIND_PASSWORD is not right" in said(LDAP_BIND_PASSWORD="old")
    assert "LDAP_BASE is not there" in said(LDAP_BASE="ou=nowhere,dc=example,dc=edu")
    assert "no distinguished name" in said(LDAP_BASE="people")
    assert "referrals are not followed" in said(LDAP_BASE=ELSEWHERE)
    assert "Nothing answers there" in said(LDAP_URLS=["ldap://127.0.0.1:1"])
    assert "LDAP_CA_FILE" in said(LDAP_URLS=[slapd.tls_url], LDAP_CA_FILE=other)
    assert "LDAP_URLS is not set" in said(LDAP_URLS=[])


def test_what_would_happen_to_somebody(
    slapd: Directory,
    settings: Settings,
    staff: Callable[[str], Person],
    make_user: MakeUser,
    capsys: pytest.CaptureFixture[str],
) -> None:
    lisi = staff("lisi").user
    assert lisi
    assert "finds uid=lisi,ou=people" in checked(capsys, "lisi")
    make_user("wangwu")
    assert "app passwords only" in checked(capsys, "wangwu@example.edu")
    assert "no account zhangsan@example.edu" in checked(capsys, "zhangsan@example.edu", faults=1)
    staff("twin")
    assert "several entries" in checked(capsys, "twin", faults=1)
    staff("leaver")
    assert "finds nobody" in checked(capsys, "leaver", faults=1)
    assert "no mailbox address" in checked(capsys, "x y", faults=1)
    Asked.objects.create(user=lisi, count=settings.LDAP_WRONG_LIMIT, began_at=timezone.now())
    assert "is not asked before" in checked(capsys, "lisi", faults=1)


def test_without_a_directory(db: None, settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    settings.LDAP_URLS = []
    assert "keeps the mailbox passwords itself" in checked(capsys, faults=1)
