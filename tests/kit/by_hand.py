"""docs/operations.md, sections 1 to 5, in a bare Debian: each command as it stands there, in its order, and what the
words between them ask for. So none needs what nobody has installed."""

import re
import secrets
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tests.kit.booted import OPERATIONS, Booted

if TYPE_CHECKING:
    from tests.kit.bare import Bare

PASSWORD = "battery-staple-2026"
KEEPS = "<where you keep Mailkey>"
CERTIFICATE = "/etc/letsencrypt/live/security.mail.example.edu"
EMPTY = r"^(SECRET_KEY|SMS_CODE_KEY|APP_PASSWORD_KEYS|FACTOR_KEYS|EVENT_LOG_KEYS|MAIL_AUTH_TOKEN)=$"


def _section(number: int) -> str:
    found = re.search(rf"^## {number}\. .*?(?=^## )", OPERATIONS.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert found, f"section {number}"
    return found[0]


def commands(number: int) -> Iterator[str]:
    """Blocks of a section, but for those of the other way (containers)."""
    by_hand = _section(number).partition("**In containers**")[0]
    return iter(re.findall(r"^```\n(.*?)^```", by_hand, re.MULTILINE | re.DOTALL))


def _inline(number: int, beginning: str) -> str:
    """A command within a sentence."""
    found = re.search(rf"`({re.escape(beginning)}[^`]*)`", _section(number))
    assert found, beginning
    return found[1].replace("\n", " ")


def install(bare: "Bare") -> None:
    """Section 1, before it is booted: there it has no network."""
    bare.inside("sh", "-c", "echo 'APT::Get::Assume-Yes \"true\";' >/etc/apt/apt.conf.d/90yes; apt update")
    (said,) = commands(1)
    for line in said.replace(KEEPS, "/root/mailkey.git").splitlines():
        print(f"run: {line}", flush=True)
    bare.inside("sh", "-ec", said.replace(KEEPS, "/root/mailkey.git"))


def go_on(bare: "Bare", machine: Booted) -> None:
    """Sections 2 to 5, as on a machine that runs."""
    machine.wait("PostgreSQL runs", lambda: "accepting" in machine.shell("pg_isready"))
    role, *redis = commands(2)
    machine.must(role, typed=f"{PASSWORD}\n{PASSWORD}\n")
    for said in redis:
        machine.must(said)
    copy, tables = commands(3)
    machine.must(f"cd /srv/mailkey\n{copy}")
    machine.must(_inline(3, "install -d -m 750 -g mailkey"))
    _fill_in(bare)
    *lines, superuser = tables.strip().splitlines()
    machine.must("\n".join(["cd /srv/mailkey", *lines]))
    asked = (": ", "root@example.edu"), ("Password:", PASSWORD), ("(again):", PASSWORD)
    machine.talk(f"cd /srv/mailkey\n{superuser}", *asked)
    machine.must(f"mkdir -p {CERTIFICATE}\ncd {CERTIFICATE}\n{SIGNED}")  # as who has one
    for said in commands(4):
        machine.must(f"cd /srv/mailkey\n{said}")
    for line in re.findall(r"^\| `(curl [^`]*health[^`]*)` \|", _section(5), re.MULTILINE):
        machine.wait(line, lambda line=line: machine.shell(f"{line} 2>/dev/null") == "ok")  # type: ignore[misc]


SIGNED = (
    "openssl req -x509 -newkey rsa:2048 -nodes -days 9 -subj /CN=security.mail.example.edu "
    "-keyout privkey.pem -out fullchain.pem"
)


def _fill_in(bare: "Bare") -> None:
    from tests.kit.bare import GATEWAY  # noqa: PLC0415 (it calls this module)

    file = bare.folder / "srv/mailkey/.env"
    text = re.sub(EMPTY, lambda line: f"{line[0]}{secrets.token_urlsafe(40)}", file.read_text(), flags=re.MULTILINE)
    text = re.sub(
        r"^DATABASE_URL=.*", f"DATABASE_URL=postgres://mailkey:{PASSWORD}@localhost/mailkey", text, flags=re.MULTILINE
    )
    for name, value in GATEWAY.items():
        text = re.sub(rf"^{name}=$", f"{name}={value}", text, flags=re.MULTILINE)
    file.write_text(text)
