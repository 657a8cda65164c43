"""The file of a platform: each mistake is a sentence that names the key and what is wanted."""

from pathlib import Path

import pytest

from accounts.delivery.gateways.platforms import files
from accounts.delivery.models import Sms
from tests.portal.test_settings import read

SECRET = "only-a-stand-in"

BASE = """
[values]
secret = { env = "CAMPUS_SECRET" }
[send]
url = "https://sms.example.edu/send"
form = { to = "{local}", text = "{text}" }
[answer]
code = "code"
accepted = ["0"]
"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[send]", "[send", "it is no TOML: "),
        ('url = "https://sms.example.edu/send"\n', "", "send.url is missing: it must be an https address."),
        ("https://sms", "ftp://sms", "send.url must be an https address, whose host is written out."),
        ("https://sms.example.edu", "https://{local}", "send.url must be an https address, whose host is written out."),
        ("https:", "http:", "send.url must be https: the code goes over the network, where nobody can listen;"),
        ("{text}", "{txet}", "send.form names {txet}, which is not there: perhaps text is meant."),
        ("[answer]", '[answer]\nformat = "yaml"', "answer.format must be json or xml or text."),
        ('accepted = ["0"]', "", "answer.accepted is missing: it must be a list of texts."),
        ('accepted = ["0"]', 'accepted = "0"', "answer.accepted must be a list of texts."),
        ("code = ", "cdoe = ", "answer.cdoe is unknown: perhaps code is meant."),
        ('code = "code"', 'format = "text"\ncode = "("', "answer.code is no pattern: "),
        ("[send]", "[sned]", "sned is unknown: perhaps send is meant."),
        ("[values]", '[values]\nx = { of = "a", then = ["md4"] }', 'values.x has a wrong step: "md4" is no step'),
        ("[values]", '[values]\nx = { of = "a", then = ["md5"] }', 'values.x has a wrong step: "hex" or "base64" must'),
        ("[values]", '[values]\nx = { of = "a", then = ["md5", "upper"] }', 'values.x has a wrong step: "upper" comes'),
        (
            "[values]",
            '[values]\nx = { of = "a", then = ["hmac-md5"] }',
            'values.x has a wrong step: "hmac-md5" wants a',
        ),
        ("[values]", '[values]\nx = "{y}"\ny = "1"', "values.x names {y}, which is not there"),
        ("[values]", '[values]\ntext = "1"', "values.text cannot be a name: it is given"),
        ("[values]", "[values]\nx = 1.5", "values.x must be a text, "),
        ("CAMPUS_SECRET", "UNSET", "values.secret needs UNSET in the environment or in .env."),
        ("[values]", 'charset = "klingon"\n[values]', "charset is no character set, such as utf-8 or gbk."),
        ("form =", 'text = "x"\nform =', "send.text and form exclude each other."),
        (
            "[answer]",
            '[receipts]\nstatus = "s"\ndelivered = ["1"]\n[answer]',
            "receipts.id or attempt must say which SMS",
        ),
        (
            "[answer]",
            '[receipts]\nid = "i"\nstatus = "s"\ndelivered = ["1"]\nsigned = "{id}"\n[answer]',
            "receipts.signed and signature need each other.",
        ),
        ("[answer]", '[question]\nurl = "https://a.example.edu"\n[answer]', "question needs receipts, which say how"),
        (
            "[answer]",
            '[token]\nurl = "https://a.example.edu"\nvalue = "t"\n[answer]',
            "token.lives or lifetime must say",
        ),
        ("[values]", 'purposes = ["logon"]\n[values]', "purposes names logon, which is no kind of SMS: there are "),
        ("[values]", 'certificates = "/nowhere.pem"\n[values]', "certificates is no file."),
    ],
)
def test_each_mistake_is_a_sentence(tmp_path: Path, old: str, new: str, said: str) -> None:
    path = tmp_path / "campus.toml"
    assert old in BASE
    path.write_text(BASE.replace(old, new, 1))
    described, faults = files.read(path, lambda name: "" if name == "UNSET" else SECRET)
    assert described is None
    assert [fault for fault in faults if fault.startswith(said)], faults
    assert all(fault.endswith(".") for fault in faults)


@pytest.mark.parametrize("name", ["Campus.toml", "1.toml", "a-b.toml", f"{'x' * 21}.toml"])
def test_a_name_that_no_gateway_has(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(BASE)
    (fault,) = files.read(tmp_path / name, lambda _name: SECRET)[1]
    assert fault.startswith("its name must be of up to 20 small letters")


def test_a_name_that_another_gateway_has(tmp_path: Path) -> None:
    (tmp_path / "twilio.toml").write_text(BASE)
    assert files.read(tmp_path / "twilio.toml", lambda _name: SECRET)[1] == [
        "twilio is the name of another gateway: rename the file."
    ]


def test_kinds_of_sms_are_those_that_there_are() -> None:
    """The file is read before there are tables."""
    assert list(files.PURPOSES) == list(Sms.Purpose)


def test_the_settings_read_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, other = tmp_path / "campus.toml", tmp_path / "other.toml"
    path.write_text(BASE)
    other.write_text(BASE)
    named = {"SMS_HTTP_FILES": f"{path},{other}", "SMS_GATEWAY": "campus", "SMS_GATEWAYS": "twilio,other"}
    found = read(monkeypatch, **named, CAMPUS_SECRET=SECRET)
    assert list(found["SMS_PLATFORMS"]) == ["campus", "other"]
    assert found["SMS_PLATFORMS"]["campus"].secrets == {"secret": SECRET}
    assert SECRET not in repr(found["SMS_PLATFORMS"])
    assert "CAMPUS_SECRET" not in found["env"].unknown()


def test_the_settings_say_what_is_wrong_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "campus.toml"
    path.write_text(BASE.replace("https", "ftp").replace("accepted", "acepted"))
    with pytest.raises(SystemExit) as ended:
        read(monkeypatch, SMS_HTTP_FILES=str(path), SMS_GATEWAY="campus")
    assert str(ended.value.code).splitlines()[1:] == [
        f"- SMS_HTTP_FILES: {path}: values.secret needs CAMPUS_SECRET in the environment or in .env.",
        f"- SMS_HTTP_FILES: {path}: send.url must be an https address, whose host is written out.",
        f"- SMS_HTTP_FILES: {path}: answer.accepted is missing: it must be a list of texts.",
        f"- SMS_HTTP_FILES: {path}: answer.acepted is unknown: perhaps accepted is meant.",
    ]
