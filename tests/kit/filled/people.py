"""Who is in the database of a release, and their browsers."""

from datetime import timedelta
from typing import Any

from accounts.directory.asking.answers import Someone
from accounts.users.models import User
from portal.office import roles
from tests.kit.people import Person

Secrets = dict[str, Any]

BANNED, LIFTED, NINE = "203.0.113.9", "203.0.113.10", "203.0.113.11"
ELSEWHERE = "198.51.100.7"
SHARED, IN_SHARED = "192.0.2.0/25", "192.0.2.77"
DEPARTMENT = "文学院"
LATER = timedelta(days=30)
PEOPLE: dict[str, dict[str, Any]] = {
    "off": {},
    "on-with-phone": {"two_step": True, "phone": "13600136001"},
    "on-without-phone": {"two_step": True},
    "disabled": {"is_active": False},
    "must-change": {"must_change_password": True},
    "planned": {"department": DEPARTMENT},
    "excepted": {"two_step": True, "phone": "13600136002"},
    "mail": {"two_step": True},
    "browser": {"two_step": True, "phone": "13600136003"},
    "inside": {"two_step": True, "phone": "13600136004"},
    "webmail": {"two_step": True, "phone": "13600136005"},
    "lost-phone": {"two_step": True, "phone": "13600136006"},
    "paused": {"two_step": True, "phone": "13600136007"},
    "half-way": {"two_step": True, "phone": "13600136008"},
    "qr": {"two_step": True, "phone": "13600136009"},
    "app": {"two_step": True},
    "passkey": {"two_step": True, "phone": "13600136010"},
    "shared": {},
    "directory": {"two_step": True},
    "gone": {},
    "elsewhere": {},
    "left": {},
    "press": {},
}
# As the directory has people.
THERE = [
    Someone("1", "directory@example.edu", "赵六", "", is_active=True, phone="13600136011"),
    Someone("2", "gone@example.edu", "钱七", "", is_active=True),
]
OF_THE_DIRECTORY = "kept-there-2026"
# These do not sign in before they are asked about: the same phone gets no second code within a minute.
COME_BY_PASSWORD = ("off", "on-with-phone", "on-without-phone", "disabled", "must-change", "planned", "excepted")
SUPERUSER = "superuser"
CLERKS = (*roles.ROLES, SUPERUSER)


def address(name: str) -> str:
    return f"{name.replace(' ', '-')}@example.edu"


def user(name: str) -> User:
    return User.objects.get(username=address(name))


def person(name: str, cookies: dict[str, str] | None = None) -> Person:
    """At a browser that holds these cookies."""
    found = Person(user(name), HTTP_ACCEPT_LANGUAGE="en")
    found.cookies.load(cookies or {})
    return found


def cookies_of(browser: Person) -> dict[str, str]:
    return {name: morsel.value for name, morsel in browser.cookies.items() if morsel.value}
