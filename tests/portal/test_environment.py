"""Settings that speak: each wrong value is a sentence that names the setting, the value and what is wanted."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from portal import settings as of_tests
from portal.environment.environment import Environment
from portal.environment.reading import Setting
from tests.kit.deployment import ROOT, SECRETS
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
    "names in one line": ["财务处\n人事处"],
    "a random text": ["hunter2"],
    "a colour": ["red", "#12345"],
    "the name of a time zone": ["Asia/Beijing", "Asia", "../etc/passwd", "/etc/localtime", "CST8"],
    "networks": ["10.0.0.1/8", "campus", "10.0.0.0/33", "10.0.0.0-10.0.0.9"],
    "the name of a host": ["https://example.edu", "example.edu/", "a b", "-a.edu", "a..b", "@example.edu"],
    "names of hosts": ["https://portal.example.edu", "portal.example.edu:443", "a b"],
    "an IP address and a port": ["127.0.0.1", "localhost:25", "127.0.0.1:0", "127.0.0.1:99999", "::1:x"],
    "an address as https": ["portal.example.edu", "ftp://a", "https://", "https://a:99999", "https://a b", "https:/a"],
    "addresses as https": ["http://mail.example.edu:8180", "http://127.0.0.1:8180,ftp://a", "https://a b", "https://"],
    "addresses as ldaps": ["ldap.example.edu", "https://ldap.example.edu", "ldaps://a/dc=edu", "ldaps://a:0", "ldap://"],
    "off or rfc3062": ["on", "AD"],
    "2 or 3": ["1", "3.0"],
    "auto or on or off": ["AUTO", "yes"],
    "first or folded or hidden": ["off", "Hidden"],
    "pairs as amr": ["amr", "amr=", "=mfa", "amr=mfa,acr"],
    "a day as": ["tomorrow", "2026-13-01", "1.9.2026"],
    "domains, separated": ["example", "@example.edu", "a b.edu", "example.edu,x"],
    "pairs as address": ["address=mail", "address=mail,name=cn,identity=entryUUID,tel=mobile", "mail", "address=m l"],
    "a filter of LDAP": ["mail={address}", "(mail={address}", "(mail=*)"],
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
    "the database of another": [
        "nonsense", "oracle://me:secret@127.0.0.1/vmail", "mysql://vmail:se/cret@localhost/vmail", "mysql://a",
        "mysql://me:secret@db.example.edu/vmail", "postgres://me:secret@127.0.0.1,db.example.edu/vmail",
        "postgres://me:secret@localhost/vmail?sslmode=prefer", "mysql://me:secret@localhost/vmail?ssl_ca=/etc/ca.pem",
        "sqlite:////nowhere/at/all.sqlite3",
    ],
    "one line of SQL": ["DELETE FROM mailbox", "selected", "SELECT username,\npassword FROM mailbox"],
    "smtp://": ["localhost:25", "smtp://", "smtp://me:se/cret@host", "smtp://host:99999", "http://host"],
    "redis://": ["localhost:6379", "redis://:se/cret@host/0", "redis://host:99999", "redis://host/first", "rabbit://host"],
    "outbox or memory or twilio": ["Twilio", "../sms", "aliyun"],
    "phone or app": ["sms", "Phone", "phone;app"],
    "TOML files": ["/nowhere/campus.toml", "/etc/passwd", "/"],
    "templates as": ["sign_in", "sign_in=SMS_1 code", "codes=1 code; notices=2 phone", "codes=1; notices=2; logon=3"],
    "for each country its gateways": [
        "twilio", "86: aliyun", "86 tower: memory", "*: memory; 86: memory", "86: memory*0"
    ],
    "for each server a protocol": [
        "imap, 10.0.0.1", "A B: imap, 10.0.0.1", "a: imap", "a: 10.0.0.1", "a: imap, pop3, 10.0.0.1",
        "a: imap, 10.0.0.1/8", "a: imap, 10.0.0.1; a: pop3, 10.0.0.1",
    ],
    "for each gateway what": ["0.05", "aliyun: 1", "memory: 0,05", "memory: 0.12345", "memory hk: 1"],
    "for each gateway the networks": ["10.0.0.0/8", "aliyun: 10.0.0.0/8", "memory: 10.0.0.1/8", "memory:", "memory: x"],
    "how many SMS or how much": ["200", "86: lots", "86: 5 yuan", "aliyun: 5", "86: -1"],
    "DEBUG or INFO": ["info", "LOUD"],
    "international or sm": ["SM", "sm3", "sha256"],
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


@pytest.mark.share(6)
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


def test_of_several_databases_the_one_that_writes_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    url = "postgres://me:x@one:5432,two:5432/mailkey"
    assert (
        read(monkeypatch, DATABASE_URL=url)["DATABASES"]["default"]["OPTIONS"]["target_session_attrs"] == "read-write"
    )
    url = "postgres://me:x@one:5432/mailkey"
    assert "target_session_attrs" not in read(monkeypatch, DATABASE_URL=url)["DATABASES"]["default"]["OPTIONS"]


def test_sentinels_are_asked_for_their_redis_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    url = "sentinel://a:26379;sentinel://b:26379"
    assert read(monkeypatch, CELERY_BROKER_URL=url)["CELERY_BROKER_TRANSPORT_OPTIONS"]["master_name"] == "mymaster"
    asked = read(monkeypatch, CELERY_BROKER_URL=url, CELERY_BROKER_MASTER="mailkey")
    assert asked["CELERY_BROKER_TRANSPORT_OPTIONS"]["master_name"] == "mailkey"
    assert "master_name" not in read(monkeypatch, CELERY_BROKER_URL="redis://a")["CELERY_BROKER_TRANSPORT_OPTIONS"]


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
