"""Where values stand: files of their own, and .env with its lines."""

from datetime import timedelta
from pathlib import Path

import pytest

from portal.environment.environment import Environment
from portal.environment.reading import TOLD
from tests.kit.deployment import PRODUCTION
from tests.portal.test_settings import read

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
