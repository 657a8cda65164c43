""".env.example names what the code reads, and every way to start says what is wrong."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal import settings as of_tests
from portal.environment.environment import Environment
from tests.kit.deployment import ROOT
from tests.portal.test_environment import again
from tests.portal.test_settings import read

SETTINGS = of_tests.env.settings
OF_OTHERS = ("INSTITUTION_ENGLISH", "SMS_SIGNATURE", "PASSKEY_DOMAIN")  # settings; empty they are as these say
EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")
FOR_LIBRARIES = (
    r"\.setdefault\(\"(?:DJANGO_SETTINGS_MODULE|CELERY_SKIP_CHECKS|UV_USE_IO_URING)\""  # set, and read by them
)
OF_SYSTEMD = r"\.get\(\"(?:LISTEN_PID|NOTIFY_SOCKET)\""  # what it tells a process of itself is no setting


# --- The example


def examples() -> Iterator[tuple[str, str, str, bool]]:
    """Name, value, the comment above, and whether it is commented out."""
    comment: list[str] = []
    follows_setting = False
    for line in EXAMPLE.splitlines():
        match = re.fullmatch(r"(# )?([A-Z][A-Z0-9_]*)=(.*)", line)
        if match:
            yield match[2], match[3], " ".join(comment), bool(match[1])
        else:
            comment = [line] if follows_setting else [*comment, line]
        follows_setting = bool(match)


def test_the_example_and_the_code_know_the_same_names() -> None:
    names = {name if name in SETTINGS else name.removesuffix("_FILE") for name, _, _, _ in examples()}
    assert names == set(SETTINGS)


def test_nothing_else_reads_the_environment() -> None:
    """What reads a setting elsewhere knows neither its kind nor its default."""
    for path in (*ROOT.glob("portal/**/*.py"), *ROOT.glob("accounts/**/*.py"), *ROOT.glob("apppasswords/**/*.py")):
        if path.parent.name != "environment":
            found = re.findall(
                rf"os\.environ\b(?!{FOR_LIBRARIES}|{OF_SYSTEMD})|os\.getenv|env\.ENVIRON", path.read_text()
            )
            assert not found, path


def test_the_example_tells_defaults_and_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = read(monkeypatch)["env"].settings
    for name, value, comment, is_default in examples():
        setting = settings.get(name)
        if setting and setting.limits:
            assert f"({setting.limits})" in comment, name
        if setting and is_default and name not in (*OF_OTHERS, "VAR", "STATIC_ROOT"):
            assert value == (setting.default or ""), name


def test_sections_stand_apart() -> None:
    lines = EXAMPLE.splitlines()
    sections = [number for number, line in enumerate(lines) if line.startswith("# ---")]
    assert len(sections) > 8
    assert all(lines[number - 1] == "" for number in sections)


def test_the_example_itself_can_be_used(tmp_path: Path) -> None:
    """Filled in where it is empty, and nothing in it is a line that nobody understands."""
    path = tmp_path / ".env"
    shutil.copy(ROOT / ".env.example", path)
    env = Environment(path, {})
    assert env.faults == []
    for setting in SETTINGS.values():
        again(env, setting)
    assert [fault for fault in env.faults if "OIDC_SIGNING_KEYS_FILE" not in fault] == []
    assert env.unknown() == {}


# --- Every way to start


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the code with an .env of its own."""
    folder: Path = tmp_path_factory.mktemp("house")
    ignored = shutil.ignore_patterns("__pycache__", "locale")
    for name in ("portal", "accounts", "apppasswords", "templates", "static"):
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    shutil.copy(ROOT / "manage.py", folder)
    return folder


SERVING = [sys.executable, "-m", "portal.serving"]
GRANIAN = [sys.executable, "-m", "granian", "--port", "0", "--interface"]
CELERY = [sys.executable, "-m", "celery", "-A", "portal"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        [sys.executable, "manage.py", "check"],
        [sys.executable, "manage.py", "up"],
        [*CELERY, "worker"],
        [*CELERY, "beat"],
        [*GRANIAN, "wsgi", "portal.wsgi:application"],
        [*SERVING, "protocol", "apppasswords.maillogin.server.request:MailServer", "127.0.0.1:0", "1"],
    ],
    ids=["check", "up", "worker", "beat", "web", "mail"],
)
def test_every_way_to_start_says_it(house: Path, command: list[str], tmp_path: Path) -> None:
    text = "DEBUG=on\nSMS_CODE_LIFETIME=abc\nPORT = 8000\nMAIL_PORT=80999\nSMS_CODE_LIFETIMES=5\n"
    (house / ".env").write_text(f"{text}VAR={tmp_path}\n")
    ended = subprocess.run(command, cwd=house, env={}, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr + ended.stdout
    said = "\n".join(line for line in ended.stderr.splitlines() if not line.startswith("["))  # granian's own
    assert said == (
        f"Mailkey: {house}/.env, line 5: nothing reads SMS_CODE_LIFETIMES; is SMS_CODE_LIFETIME meant?\n"
        "Mailkey does not start:\n"
        f"- {house}/.env, line 3 (PORT): a line must be NAME=value without spaces around the =, or begin with #.\n"
        f"- MAIL_PORT is \"80999\" in {house}/.env, line 4 and must be a whole number from 1 to 65535 (default 8001).\n"
        f"- SMS_CODE_LIFETIME is \"abc\" in {house}/.env, line 2 and must be a time from 30s to 1h, in seconds or with"
        " a unit as in 90s, 5min, 12h, 30d (default 5min)."
    )  # fmt: skip


@pytest.mark.slow
def test_unknown_names_are_told_once_and_stop_nothing(house: Path, tmp_path: Path) -> None:
    (house / ".env").write_text(f"DEBUG=on\nVAR={tmp_path}\nSMS_CODE_LIFETIMES=5\n")
    program = (
        "import subprocess, sys, portal.settings\n"
        "subprocess.run([sys.executable, '-c', 'import portal.settings'], check=True)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=house, env={}, capture_output=True, text=True, timeout=60, check=True
    )
    assert len(ended.stderr.splitlines()) == 1
