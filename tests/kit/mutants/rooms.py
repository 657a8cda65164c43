"""The rooms that decide who gets in: the modules of each, and the fast tests that hold them. None that kills or freezes
a server of its own: a fork would do that to those that come after it."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[3]


class Room(NamedTuple):
    modules: tuple[str, ...]
    tests: tuple[str, ...]

    def files(self) -> list[Path]:
        return _found(self.modules)

    def test_files(self) -> list[str]:
        return [str(path.relative_to(ROOT)) for path in _found(self.tests)]


ROOMS = {
    "codes": Room(
        ("accounts/codes/codes.py", "accounts/codes/guesses.py", "accounts/codes/limits.py", "accounts/codes/abuse.py"),
        (
            "tests/accounts/codes",
            "tests/accounts/phones/test_helpcodes.py",
            "tests/accounts/signin/test_code_states.py",
            "tests/portal/office/test_desk_sms.py",
        ),
    ),
    "signin": Room(
        ("accounts/signin/signin.py", "accounts/signin/entering.py"),
        (
            "tests/accounts/signin",
            "tests/accounts/browsers",
            "tests/accounts/elsewhere",
            "tests/accounts/bans/test_brake.py",
        ),
    ),
    "sessions": Room(
        ("accounts/sessions/*.py",),
        (
            "tests/accounts/sessions",
            "tests/accounts/signin",
            "tests/accounts/security",
            "tests/accounts/openid",
            "tests/accounts/elsewhere",
        ),
    ),
    "gate": Room(
        ("accounts/sessions/gate/*.py", "accounts/sessions/storage/*.py"),
        (
            "tests/accounts/sessions",
            "tests/accounts/signin/test_links_and_hosts.py",
            "tests/accounts/signin/test_signin.py",
            "tests/accounts/security",
            "tests/accounts/phones/test_suggestions.py",
            "tests/accounts/factors/test_changes.py",
        ),
    ),
    "factors": Room(("accounts/factors/*.py",), ("tests/accounts/factors",)),
    "phones": Room(("accounts/phones/phones.py", "accounts/phones/helpcodes.py"), ("tests/accounts/phones",)),
    "browsers": Room(("accounts/browsers/browsers.py",), ("tests/accounts/browsers", "tests/house/test_expired.py")),
    "bans": Room(
        ("accounts/bans/*.py", "accounts/bans/where/*.py"),
        (
            "tests/accounts/bans",
            "tests/house/test_expired.py",
            "tests/portal/office/test_network_pages.py",
            "tests/portal/office/test_ban_stories.py",
        ),
    ),
    "apppasswords": Room(
        ("apppasswords/passwords.py", "apppasswords/secrets.py", "apppasswords/names.py"),
        ("tests/apppasswords/test_*.py", "tests/apppasswords/setup", "tests/accounts/security/test_activity.py"),
    ),
    "scopes": Room(("apppasswords/limits.py",), ("tests/apppasswords/test_limits.py",)),
    "maillogin": Room(
        (
            "apppasswords/maillogin/asking/app_password.py",
            "apppasswords/maillogin/asking/function.py",
            "apppasswords/maillogin/decision.py",
            "apppasswords/maillogin/facts.py",
            "apppasswords/maillogin/quick.py",
            "apppasswords/maillogin/wire.py",
            "apppasswords/maillogin/ldap/messages.py",
        ),
        (
            "tests/apppasswords/maillogin",
            "tests/apppasswords/test_limits.py",
            "tests/apppasswords/test_checklogin.py",
            "tests/accounts/bans/test_brake.py",
        ),
    ),
    # How mail servers are heard, and that no answer is somebody else's. (server/request.py starts what a process of its
    # own has: no test here can ask it.)
    "mailserver": Room(
        ("apppasswords/maillogin/server/conversation.py", "apppasswords/maillogin/asking/lane.py"),
        ("tests/apppasswords/maillogin/test_conversation*.py", "tests/apppasswords/maillogin/test_lane*.py"),
    ),
    "openid": Room(
        ("accounts/openid/validator.py",), ("tests/accounts/openid", "tests/apppasswords/setup/test_addon.py")
    ),
    "roles": Room(("portal/office/roles.py",), ("tests/portal/office/test_roles.py",)),
}


def files() -> Iterator[Path]:
    for room in ROOMS.values():
        yield from room.files()


def _found(patterns: tuple[str, ...]) -> list[Path]:
    return [path for pattern in patterns for path in sorted(ROOT.glob(pattern))]
