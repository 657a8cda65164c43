from collections.abc import Callable, Iterator
from datetime import date, timedelta

import pytest
from pytest_django import Settings

from accounts.directory.asking import questions
from accounts.signin import steady
from tests.conftest import MakeUser
from tests.kit.people import Person
from tests.kit.servers.directory import (
    BASE,
    PEOPLE,
    SERVICE,
    SERVICE_PASSWORD,
    Directory,
    entry,
    person,
    refused_as_in_ad,
    running,
)

SUBCODES = ("52e", "530", "532", "533", "701", "773", "775")
ELSEWHERE = f"ou=elsewhere,{BASE}"

MANY = 40  # two pages, as these tests have it


@pytest.fixture
def campus(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Directory]:
    from accounts.directory.asking import readings  # noqa: PLC0415 - it needs an extra

    everybody = [
        person(f"p{number:02}", cn=f"张{number}", ou="物理学院", modifyTimestamp=_day(number)) for number in range(MANY)
    ]
    with running(everybody) as directory:
        monkeypatch.setattr(readings, "PAGE", 25)
        use(settings, directory)
        settings.LDAP_LEAVERS_LIMIT = 5  # two of forty
        yield directory
        questions._servers.cache_clear()


def _day(number: int) -> str:
    """Somebody was edited each day, long ago."""
    return f"{date(2020, 1, 1) + timedelta(days=number):%Y%m%d}000000Z"


def rename(directory: Directory, name: str, **attributes: str) -> None:
    changes = "-\n".join(f"replace: {key}\n{key}: {value}\n" for key, value in attributes.items())
    directory.change(f"dn: uid={name},{PEOPLE}\nchangetype: modify\n{changes}")


def remove(directory: Directory, *names: str) -> None:
    for name in names:
        directory.change(f"dn: uid={name},{PEOPLE}\nchangetype: delete\n")


Use = Callable[..., None]


def everybody() -> list[str]:
    return [
        *map(person, ("lisi", "wangwu")),
        *(person(name, pwdPolicySubentry=f"cn=locking,{BASE}") for name in ("zhangsan", "zhaoliu", "qianqi")),
        *(refused_as_in_ad(f"ad{subcode}", subcode) for subcode in SUBCODES),
        person("sunba", pwdPolicySubentry=f"cn=long,{BASE}"),
        person("mustchange", pwdPolicySubentry=f"cn=resetting,{BASE}", pwdReset="TRUE"),
        person("expired", pwdPolicySubentry=f"cn=expiring,{BASE}", pwdChangedTime="20200101000000Z"),
        person("twin"),
        entry(f"uid=twin2,{PEOPLE}", objectClass="inetOrgPerson", uid="twin2", cn="twin", sn="twin",
              mail="twin@example.edu", userPassword="another"),
        entry(ELSEWHERE, objectClass=["referral", "extensibleObject"], ou="elsewhere",
              ref=f"ldap://127.0.0.1:1/{ELSEWHERE}"),
    ]  # fmt: skip


@pytest.fixture(scope="session")
def running_slapd() -> Iterator[Directory]:
    with running(everybody()) as directory:
        yield directory


@pytest.fixture
def slapd(running_slapd: Directory, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Directory]:
    """It keeps the passwords. Whatever a test did to it is undone."""
    use(settings, running_slapd)
    monkeypatch.setattr(steady, "AFTER", 0)
    yield running_slapd
    running_slapd.service.thaw_or_start(running_slapd.port, running_slapd.tls_port)
    questions._servers.cache_clear()


def use(settings: Settings, directory: Directory, *urls: str) -> None:
    settings.LDAP_URLS = list(urls or (directory.url,))
    settings.LDAP_BIND_DN, settings.LDAP_BIND_PASSWORD = SERVICE, SERVICE_PASSWORD
    settings.LDAP_BASE, settings.LDAP_CA_FILE = BASE, str(directory.authority)
    settings.AUTHENTICATION_BACKENDS = ["accounts.directory.backend.Directory"]
    settings.PASSWORDS_IN_DIRECTORY, settings.HAS_PASSWORD_PAGE = True, False


@pytest.fixture
def staff(make_user: MakeUser, slapd: Directory) -> Callable[[str], Person]:
    """Somebody of the directory, with two-step off and no password of Mailkey's own."""

    def make(name: str) -> Person:
        user = make_user(name, two_step=False)
        user.set_unusable_password()
        user.save()
        return Person(user)

    return make
