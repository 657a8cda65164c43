"""Settings that speak: each wrong value is a sentence that names the setting, the value and what is wanted."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from portal import settings as of_tests
from portal.environment.environment import TOLD, Environment, Setting
from tests.kit.deployment import PRODUCTION, ROOT, SECRETS
from tests.portal.test_settings import read

SETTINGS = of_tests.env.settings
EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")

# A value of the wrong kind for each setting, by what is wanted, and for some beside it.
WRONG = {
    "a whole number": ["abc", "1.5", "-1", "", "99999999999999999999", "5 # five", "五", "0x10"],
    "whole numbers": ["86;852", "86,abc", "0"],
    "a time": ["abc", "5 minutes", "-5", "1.5h", "99999999999", "1y", "5min # five"],
    "a number of seconds": ["abc", "0,8", "-1", "1000", "nan", "inf", "0"],
    "on or off": ["maybe", "2", "onn", "enabled", "ja"],
    "one line of text": ["two\nlines"],
    "a random text": ["hunter2"],
    "a colour": ["red", "#12345"],
    "the name of a time zone": ["Asia/Beijing", "Asia", "../etc/passwd", "/etc/localtime", "CST8"],
    "networks": ["10.0.0.1/8", "campus", "10.0.0.0/33", "10.0.0.0-10.0.0.9"],
    "the name of a host": ["https://example.edu", "example.edu/", "a b", "-a.edu", "a..b", "@example.edu"],
    "names of hosts": ["https://portal.example.edu", "portal.example.edu:443", "a b"],
    "an IP address and a port": ["127.0.0.1", "localhost:25", "127.0.0.1:0", "127.0.0.1:99999", "::1:x"],
    "an address as https": ["portal.example.edu", "ftp://a", "https://", "https://a:99999", "https://a b", "https:/a"],
    "addresses as https": ["http://mail.example.edu:8180", "http://127.0.0.1:8180,ftp://a", "https://a b", "https://"],
    "a mailbox address": ["root", "信息办", "<@example.edu>"],
    "mailbox addresses": ["root", "a@example.edu,b", "a@example.edu b@example.edu"],
    "dotted names": ["ModelBackend", "no_such_package.Backend", "django..auth"],
    "a file": ["/nowhere/logo.svg", "/", "/etc/passwd"],
    "a folder": ["/etc/passwd"],
    "one or several RSA keys": ["hunter2", "-----BEGIN RSA PRIVATE KEY-----\n$$\n-----END RSA PRIVATE KEY-----"],
    "a private key": ["hunter2", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"],
    "certificates": ["hunter2", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"],
    "postgres://": [
        "nonsense", "postgres://mailkey:se/cret@localhost/mailkey", "postgres://mailkey:12/ret@localhost/mailkey",
        "postgres://mailkey:secret@localhost:port/mailkey", "postgres://mailkey:secret@localhost", "mysql://a/b",
        "sqlite:////nowhere/at/all.sqlite3",
    ],
    "smtp://": ["localhost:25", "smtp://", "smtp://me:se/cret@host", "smtp://host:99999", "http://host"],
    "redis://": ["localhost:6379", "redis://:se/cret@host/0", "redis://host:99999", "redis://host/first", "rabbit://host"],
    "outbox or memory or twilio": ["Twilio", "../sms", "aliyun"],
    "DEBUG or INFO": ["info", "LOUD"],
    "a path such as /dev/log": ["logs.example.edu", "tcp://logs", "udp://logs:x"],
}  # fmt: skip


def wrong(setting: Setting) -> list[str]:
    if setting.name == "VAR":
        return ["/proc/nope", "/etc/passwd/var"]
    (values,) = [values for wanted, values in WRONG.items() if setting.wanted.startswith(wanted)]
    least = setting.limits.partition(" to ")[0]
    return [value for value in values if value != least and value]


CASES = [(name, value) for name, setting in SETTINGS.items() for value in wrong(setting)]


def shown(value: str) -> str:
    return value.strip().replace("\n", r"\n")


def fault(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, **changes: str) -> str:
    with pytest.raises(SystemExit) as ended:
        read(monkeypatch, **changes)
    assert capsys.readouterr().err == ""
    assert isinstance(ended.value.code, str), "exit code 1"
    return ended.value.code


@pytest.mark.parametrize("name", SETTINGS)
def test_a_wrong_value_is_one_sentence(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The settings themselves, as a production machine reads them."""
    setting, value = SETTINGS[name], wrong(SETTINGS[name])[0]
    changes = {"DEBUG": "on"} if name == "VAR" else {}
    said = fault(capsys, monkeypatch, **changes, **{name: value})
    assert said.startswith(f"Mailkey does not start: {name} ")
    assert "\n" not in said
    if name in ("SMS_GATEWAY", "SMS_GATEWAYS"):
        assert "must be twilio" in said
    else:
        assert setting.wanted in said
    assert (shown(value) in said.replace(setting.wanted, "")) is not setting.is_secret
    assert said.endswith(".")


@pytest.mark.parametrize(("name", "value"), CASES)
def test_whatever_is_of_another_kind_is_refused(name: str, value: str, tmp_path: Path) -> None:
    """Each kind's own traps, through the reader alone."""
    env = Environment(tmp_path / ".env", {name: value})
    again(env, SETTINGS[name])
    (said,) = env.faults
    assert said.startswith(f"{name} ")
    assert SETTINGS[name].wanted in said
    assert (shown(value) in said.replace(SETTINGS[name].wanted, "")) is not SETTINGS[name].is_secret


def again(env: Environment, setting: Setting) -> object:
    """Reads it as the settings did."""
    return env.read(setting, of_tests.env.parsers[setting.name], nothing=None)


@pytest.mark.parametrize("name", SETTINGS)
def test_an_empty_value_is_none(name: str, tmp_path: Path) -> None:
    default = again(Environment(tmp_path / ".env", {}), SETTINGS[name])
    assert again(Environment(tmp_path / ".env", {name: " "}), SETTINGS[name]) == default


def test_all_faults_are_told_at_once(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    said = fault(capsys, monkeypatch, SECRET_KEY="", MAIL_DOMAIN="http://x", SMS_CODE_TRIES="0", SMS_GATEWAY="aliyun")
    names = re.findall("^- ([A-Z_]+)", said, re.MULTILINE)
    assert names == ["SECRET_KEY", "MAIL_DOMAIN", "SMS_CODE_TRIES", "SMS_GATEWAY"]
    assert "http://x" in said
    assert "aliyun" in said


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_never_shown(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "hunter2" not in fault(capsys, monkeypatch, **{name: "hunter2\n\thunter2", "SMS_CODE_TRIES": "0"})


@pytest.mark.parametrize(
    ("value", "meant"),
    [("300", 300), ("90s", 90), ("5min", 300), ("1 h", 3600), (" 60 ", 60)],
)
def test_times_have_units(monkeypatch: pytest.MonkeyPatch, value: str, meant: int) -> None:
    assert read(monkeypatch, SMS_CODE_LIFETIME=value)["SMS_CODE_LIFETIME"] == timedelta(seconds=meant)


@pytest.mark.parametrize("value", ["on", "ON", "true", "yes", "1"])
def test_on_in_other_words(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    assert read(monkeypatch, PASSWORDS_IN_DIRECTORY=value)["PASSWORDS_IN_DIRECTORY"] is True


@pytest.mark.parametrize("value", ["off", "Off", "false", "no", "0"])
def test_off_in_other_words(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    assert read(monkeypatch, BAN_COUNTS_REPEATS=value)["BAN_COUNTS_REPEATS"] is False


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgres://me:p%40s%2Fs@db.example.edu:6432/mailkey", ("db.example.edu", 6432, "me", "p@s/s", "mailkey")),
        ("postgresql:///mailkey", ("", "", "", "", "mailkey")),
        ("postgres:////var/run/postgresql/mailkey", ("/var/run/postgresql", "", "", "", "mailkey")),
        ("postgres://me:x@[2001:db8::1]/mailkey?sslmode=require", ("2001:db8::1", "", "me", "x", "mailkey")),
        ("postgres://me:x@one:5432,two:5433/mailkey", ("one,two", "5432,5433", "me", "x", "mailkey")),
    ],
)
def test_databases(monkeypatch: pytest.MonkeyPatch, url: str, expected: tuple[object, ...]) -> None:
    found = read(monkeypatch, DATABASE_URL=url)["DATABASES"]["default"]
    assert tuple(found[name] for name in ("HOST", "PORT", "USER", "PASSWORD", "NAME")) == expected


@pytest.mark.parametrize(
    "url",
    ["redis://:p%2F@localhost:6379/1", "rediss://h/0?ssl_cert_reqs=required", "redis+socket:///run/redis.sock",
     "sentinel://a:26379;sentinel://b:26379", "amqp://me:x@host//", "redis://[::1]:6379"],
)  # fmt: skip
def test_queues(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    assert read(monkeypatch, CELERY_BROKER_URL=url)["CELERY_BROKER_URL"] == url


def test_what_was_meant_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert "10.0.0.0/8 is the whole" in fault(capsys, monkeypatch, SHARED_NETWORKS="192.168.0.0/16, 10.0.0.1/8")
    assert "Asia/Shanghai" in fault(capsys, monkeypatch, TIME_ZONE="Asia/Shanghia")
    assert "is it installed?" in fault(capsys, monkeypatch, AUTHENTICATION_BACKENDS="django_auth_ldap_x.Backend")


def test_a_default_that_was_made_from_another_setting(tmp_path: Path) -> None:
    """It is told for itself only where that one is not."""
    wrong, odd = Environment(tmp_path / ".env", {"MAIL_DOMAIN": "a b"}), Environment(tmp_path / ".env", {})
    wrong.host("IMAP_HOST", f"imap.{wrong.host('MAIL_DOMAIN', None)}")
    assert len(wrong.faults) == 1
    odd.database("DATABASE_URL", f"sqlite:///{tmp_path}/no/such/db")
    assert "DATABASE_URL" in odd.faults[0]


def test_only_what_is_used_is_made(tmp_path: Path) -> None:
    env = Environment(tmp_path / ".env", {"VAR": str(tmp_path / "ours")})
    assert env.folder("VAR", tmp_path / "default", is_made=True) == tmp_path / "ours"
    assert [path.name for path in tmp_path.iterdir()] == ["ours"]


# --- Files that hold a value


def test_a_file_holds_the_value(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "tries"
    path.write_text("7\n")
    assert read(monkeypatch, SMS_CODE_TRIES_FILE=str(path))["SMS_CODE_TRIES"] == 7


def test_the_end_of_its_line_is_not_the_token(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """But it is the key: digests made with it would not be found again."""
    path = tmp_path / "secret"
    path.write_text("t" * 40 + "\n")
    found = read(monkeypatch, MAIL_AUTH_TOKEN_FILE=str(path), APP_PASSWORD_KEYS_FILE=str(path))
    assert found["MAIL_AUTH_TOKEN"] == "t" * 40
    assert found["APP_PASSWORD_KEYS"] == ["t" * 40 + "\n"]


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_file_that_cannot_be_read(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "secret"
    if content:
        path.write_bytes(content)
    env = Environment(tmp_path / ".env", {"SECRET_KEY_FILE": str(path)})
    env.key("SECRET_KEY", None)
    (said,) = env.faults
    assert said.startswith(f'SECRET_KEY_FILE is "{path}", which cannot be read: ')


# --- .env


def dotenv(tmp_path: Path, text: str) -> Environment:
    path = tmp_path / ".env"
    path.write_text(text, encoding="utf-8")
    env = Environment(path, {})
    env.duration("SMS_CODE_LIFETIME", "5min", "30s to 1h")
    env.key("SECRET_KEY", "x" * 50)
    return env


def test_lines_are_read(tmp_path: Path) -> None:
    env = dotenv(
        tmp_path,
        '\ufeff# comment\n\nONE=1\n  # another\n  export TWO=2\nTHREE=\'a "b\'\nFOUR="a\\\\b\\n"\nFIVE=a=b#c\nSIX=\r\n'
        "SEVEN=$ONE\n",
    )
    assert env.faults == []
    names = ("ONE", "TWO", "THREE", "FOUR", "FIVE", "SIX", "SEVEN")
    assert [env.text(name) for name in names] == ["1", "2", 'a "b', r"a\b\n", "a=b#c", "", "$ONE"]


def test_the_environment_comes_first(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("ONE=1\n")
    assert Environment(path, {"ONE": "2"}).text("ONE") == "2"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("SECRET_KEY", "line 2 (SECRET_KEY): a line must be NAME=value without spaces"),
        ("FOO = bar-hunter2", "line 2 (FOO): a line must be NAME=value without spaces"),
        ("FOO =bar-hunter2", "line 2 (FOO): a line must be NAME=value without spaces"),
        ("MIIEhunter2AbcdEFGH==", "line 2: a line must be NAME=value without spaces"),
        ("hunter2", "line 2: a line must be NAME=value without spaces"),
        ("SECRET_KEY: hunter2", "line 2: a line must be NAME=value without spaces"),
        ('SECRET_KEY="hunter2', "line 2: the value of SECRET_KEY begins with \" and does not end with it"),
    ],
)  # fmt: skip
def test_a_broken_line_names_file_and_line(tmp_path: Path, line: str, said: str) -> None:
    env = dotenv(tmp_path, f"ONE=1\n{line}\nTHREE=3\n" if '"' not in line else f"ONE=1\n{line}\n")
    (fault,) = env.faults
    assert fault.startswith(f"{tmp_path}/.env, {said}")
    assert "hunter2" not in fault


@pytest.mark.parametrize("mark", ["", '"'])
def test_a_key_that_was_pasted_is_one_fault(tmp_path: Path, mark: str) -> None:
    pem = f"OIDC_SIGNING_KEYS={mark}{PRODUCTION['OIDC_SIGNING_KEYS'].strip()}{mark}\nSMS_CODE_LIFETIME=60\n"
    env = dotenv(tmp_path, pem)
    assert len(env.faults) == 1
    assert env.duration("SMS_CODE_LIFETIME", "5min", "30s to 1h") == timedelta(seconds=60)
    assert not any(line in env.faults[0] for line in pem.splitlines())


def test_a_wrong_value_names_its_line(tmp_path: Path) -> None:
    (said,) = dotenv(tmp_path, "# times\nSMS_CODE_LIFETIME=abc\n").faults
    assert said.startswith(f'SMS_CODE_LIFETIME is "abc" in {tmp_path}/.env, line 2 and must be a time from 30s to 1h')


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes("ONE=1\nTWO=示例\n".encode("gb18030"))
    assert Environment(tmp_path / ".env", {}).faults == [f"{tmp_path}/.env is no text in UTF-8: look at line 2."]
    assert "cannot be read" in Environment(tmp_path, {}).faults[0]


def test_names_that_nothing_reads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    env = dotenv(
        tmp_path, "SMS_CODE_LIFETIMES=5\nFOO=bar\nHTTPS_PROXY=x\nPGSSLMODE=y\nSECRET_KEY_FILE=\nhttp_proxy=z\n"
    )
    env.finish()
    said = capsys.readouterr().err.splitlines()
    assert said == [
        f"Mailkey: {tmp_path}/.env, line 1: nothing reads SMS_CODE_LIFETIMES; is SMS_CODE_LIFETIME meant?",
        f"Mailkey: {tmp_path}/.env, line 2: nothing reads FOO.",
    ]
    env.finish()
    assert capsys.readouterr().err == "", "once; what it starts need not say it again"


def test_names_of_the_environment_that_are_nearly_ours(tmp_path: Path) -> None:
    others = dict.fromkeys(("SMS_CODE_LIFETIMES", "SECRETKEY", "HOME", "SMS", TOLD, "CODE_LIFETIME"), "x")
    env = Environment(tmp_path / ".env", others)
    env.duration("SMS_CODE_LIFETIME", "5min", "30s to 1h")
    env.key("SECRET_KEY", "x" * 50)
    assert set(env.unknown()) == {"SMS_CODE_LIFETIMES", "SECRETKEY"}


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
    names = {name.removesuffix("_FILE") for name, _, _, _ in examples()}
    assert names == set(SETTINGS)


def test_nothing_else_reads_the_environment() -> None:
    """What reads a setting elsewhere knows neither its kind nor its default."""
    for path in (*ROOT.glob("portal/**/*.py"), *ROOT.glob("accounts/**/*.py"), *ROOT.glob("apppasswords/**/*.py")):
        if path.parent.name != "environment":
            found = re.findall(
                r"os\.environ\b(?!\.setdefault\(\"DJANGO_SETTINGS_MODULE\")|os\.getenv|env\.ENVIRON", path.read_text()
            )
            assert not found, path


def test_the_example_tells_defaults_and_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = read(monkeypatch)["env"].settings
    for name, value, comment, is_default in examples():
        setting = settings.get(name)
        if setting and setting.limits:
            assert f"({setting.limits})" in comment, name
        if setting and is_default and name not in ("INSTITUTION_ENGLISH", "VAR", "STATIC_ROOT"):
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
        [*GRANIAN, "rsgi", "apppasswords.maillogin.rsgi:application"],
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
