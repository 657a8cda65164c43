"""Servers that can only bind, by LDAP: OpenLDAP's own programs, saslauthd and Exim."""

import base64
import re
import smtplib
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import chown

import pytest
from django.utils import translation
from pytest_django import Settings

from portal.operations import doctor, metrics
from portal.operations import ldap_front as health
from tests.kit.people import PASSWORD
from tests.kit.servers import free_port, need, need_file
from tests.kit.servers.ldap_front import OURS, Front, ldap_front, saslauthd, with_tls
from tests.kit.servers.service import ROOT, Service

UNPACKED = ROOT / ".venv/exim"  # by .ci/run: installed, it would take Postfix's place
EXIM = """
exim_path = {program}
spool_directory = {folder}/spool
log_file_path = {folder}/exim-%s.log
daemon_smtp_ports = {port}
local_interfaces = 127.0.0.1
acl_smtp_rcpt = deny
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = {condition}
  server_set_id = $auth2
"""

pytestmark = pytest.mark.slow

ON = "uid=on@example.edu,ou=cyrus"
WRONG = "Wrong address or password. With two-step on, mail programs need an app password."


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    with ldap_front(tmp_path_factory.mktemp("ldap")) as started:
        yield started


def test_who_gets_in(front: Front) -> None:
    secret = front.database.secret
    for name, password, answer in (
        (ON, secret, (0, "")),
        ("UID=ON＠example.edu, OU=Cyrus", secret, (0, "")),
        ("uid=off@example.edu,ou=cyrus", PASSWORD, (0, "")),
        (ON, PASSWORD, (49, WRONG)),
        (ON, "p w+&\nö", (49, WRONG)),
        ("uid=off@example.edu,ou=cyrus", secret, (49, WRONG)),
        ("uid=nobody@example.edu,ou=cyrus", "wrong", (49, WRONG)),
        ("uid=on,ou=cyrus", secret, (49, "Use your whole mail address as the user name.")),
        (ON, "", (53, "A bind without a password proves nothing.")),
    ):
        assert front.bind(name, password) == answer, name
    front.database.run("UPDATE apppasswords_apppassword SET scope = 'send' WHERE name = 'Limited'")
    assert front.bind(ON, front.database.limited) == (49, WRONG), "cyrus stands for imap"
    assert front.bind("uid=on@example.edu,host=198.51.100.1,ou=exim", front.database.limited)[0] == 0
    logged = front.process.log.read_text()
    assert secret not in logged
    assert PASSWORD not in logged


def test_by_tls(front: Front, tmp_path: Path) -> None:
    with with_tls(front, tmp_path) as (secure, authority):
        assert secure.bind(ON, front.database.secret, LDAPTLS_CACERT=str(authority)) == (0, "")
        assert secure.bind(ON, front.database.secret)[0] == 255, "the certificate is looked at"
        secure.url = secure.url.replace("ldaps", "ldap")
        assert secure.bind(ON, front.database.secret)[0] in (254, 255), "never in clear"


def test_the_doctor_looks_at_it(front: Front, tmp_path: Path, settings: Settings) -> None:
    def said(one: Front) -> str:
        settings.LDAP_FRONT_LISTEN = f"127.0.0.1:{one.port}"
        with translation.override("en"):
            [finding] = doctor._ldap_front()
            return f"{finding.is_trouble} {finding.words}"

    settings.LDAP_FRONT_SERVERS = {"cyrus": None}
    assert said(front) == f"False 127.0.0.1:{front.port} answers; registered: cyrus"
    with with_tls(front, tmp_path) as (secure, _authority):
        assert said(secure).startswith("True"), "it speaks TLS and nothing else"
        settings.LDAP_FRONT_CERTIFICATE = f"{tmp_path}/tls/fullchain.pem"
        assert said(secure).startswith("False"), said(secure)
        assert said(front).startswith("True"), "it does not"


def test_its_health(front: Front, tmp_path: Path, settings: Settings) -> None:
    """As Prometheus is told it, and in words for the doctor."""
    settings.LDAP_FRONT_SERVERS = {"cyrus": None}

    def told(one: Front) -> tuple[float, str]:
        settings.LDAP_FRONT_LISTEN = f"127.0.0.1:{one.port}"
        [family] = metrics._ldap_front()
        with translation.override("en"):
            return family.samples[0].value, health.fault()

    assert told(front) == (1, "")
    alone = Front(front.database, tmp_path, DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    assert told(alone) == (0, "[Errno 111] Connection refused")
    try:
        alone.start()
        assert told(alone) == (0, "it cannot decide logins")
    finally:
        alone.process.stop()
    settings.LDAP_FRONT_SERVERS = {}
    assert next(metrics._ldap_front()).samples == [], "who has none is not told that it is away"


def test_who_may_ask(front: Front) -> None:
    secret = front.database.secret
    assert front.bind("uid=on@example.edu,ou=far", secret) == (52, "This server is not registered.")
    assert front.bind("uid=on@example.edu,ou=other", secret)[0] == 52
    assert front.find("(uid=on@example.edu)", base="ou=far") == ""
    for name in (
        "uid=on@example.edu,host=198.51.100.2,ou=cyrus",  # says where its clients come from, and may not
        "uid=on@example.edu,ou=exim",  # has to, and does not
        "uid=on@example.edu,host=somewhere,ou=exim",
        "uid=on@example.edu,host=198.51.100.2,host=198.51.100.3,ou=exim",
        "uid=on@example.edu,ou=exim,ou=cyrus",
        "ou=cyrus",
    ):
        assert front.bind(name, secret)[0] == 34, name


def test_what_is_no_ldap_ends_its_own_connection(front: Front) -> None:
    for said in (b"GET / HTTP/1.1\r\n\r\n", b"\x30\x84\xff\xff\xff\xff", b"\x30\x05\x02\x01\x01\x60\x00", b"\x30\x00"):
        with socket.create_connection(("127.0.0.1", front.port), 10) as line:
            line.sendall(said)
            assert line.recv(100) == b"", said
    assert front.bind(ON, front.database.secret)[0] == 0


def test_a_search_finds_everybody_and_tells_of_nobody(front: Front) -> None:
    known, unknown = (front.find(f"(&(objectClass=*)(mail={name}@example.edu))", "uid") for name in ("on", "nobody"))
    assert known == "dn: uid=on@example.edu,ou=cyrus,dc=mailkey\nuid: on@example.edu"
    assert unknown == known.replace("on@", "nobody@")
    assert front.find("(objectClass=*)", "uid", base="uid=on@example.edu,ou=cyrus") == known
    assert front.find("(uid=o+n,=)", "dn") == r"dn: uid=o\2bn\2c\3d,ou=cyrus,dc=mailkey"
    for query in (
        "(uid=*)",
        "(mail=o*)",
        "(objectClass=*)",
        "(|(uid=a@example.edu)(uid=b@example.edu))",
        "(cn=on)",
        "(!(uid=on@example.edu))",
    ):
        assert front.find(query) == "", query


def test_the_server_is_never_banned(front: Front) -> None:
    database, neil = front.database, "uid=o'neil@example.edu"
    for _ in range(12):
        front.bind(f"{neil},ou=cyrus", "an old password")
    assert database.bans("127.0.0.1") == 0, "a phone that repeats itself shuts nobody out"
    for number in range(12):
        front.bind(f"{neil},ou=cyrus", f"guess {number}")
    assert front.bind(f"{neil},ou=cyrus", "guess")[1].startswith("Too many wrong passwords")
    assert front.bind(ON, database.secret)[0] == 0, "that account, and no other"
    for number in range(12):
        front.bind(f"{neil},host=198.51.100.9,ou=exim", f"guess {number}")
    assert database.bans("198.51.100.9") == 1, "where the client's address is told, that is banned"
    assert front.bind("uid=on@example.edu,host=198.51.100.10,ou=exim", database.secret)[0] == 0


def test_an_outage_is_no_wrong_password(front: Front) -> None:
    front.database.run("ALTER TABLE bans_ban RENAME TO away")
    try:
        assert front.bind("uid=on@example.edu,host=198.51.100.20,ou=exim", "wrong")[0] == 52
    finally:
        front.database.run("ALTER TABLE away RENAME TO bans_ban")
    front.process.stop()
    try:
        assert front.bind(ON, front.database.secret)[0] == 255, "no answer, which is no yes"
    finally:
        front.start()


# --- Those that ask


def test_saslauthd(front: Front) -> None:
    def is_let_in(folder: Path, user: str, password: str) -> bool:
        command = [need("testsaslauthd"), "-f", f"{folder}/mux", "-r", "example.edu", "-u", user, "-p", password]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    secret = front.database.secret
    with saslauthd(front.url) as folder:
        assert is_let_in(folder, "on", secret)
        assert is_let_in(folder, "off", PASSWORD)
        for user, password in (("on", "wrong"), ("on", PASSWORD), ("off", secret), ("*", secret), ("nobody", secret)):
            assert not is_let_in(folder, user, password), user


@pytest.fixture
def exim(front: Front) -> Iterator[int]:
    """Its port."""
    with tempfile.TemporaryDirectory(prefix="mailkey-exim-") as name, exim_in(Path(name), front.url) as port:
        yield port


@contextmanager
def exim_in(folder: Path, url: str) -> Iterator[int]:
    need_file(f"{UNPACKED}/usr/sbin/exim4")
    program, port = UNPACKED / "usr/sbin/exim4", free_port()
    [condition] = re.findall(r"server_condition = (.*)", (ROOT / "docs/mail-servers/ldap.md").read_text())
    assert OURS in condition
    chown(folder, "Debian-exim")
    values = {"program": program, "folder": folder, "port": port}
    config = folder / "exim.conf"
    config.write_text(EXIM.format(**values, condition=condition.replace(OURS, url)))
    command = [str(program), "-C", str(config), "-bdf", "-oP", f"{folder}/pid"]
    service = Service("exim", command, folder, {"PATH": "/usr/bin:/bin", "LD_LIBRARY_PATH": f"{UNPACKED}/usr/lib"})
    try:
        service.start(port)
        yield port
    finally:
        service.stop()


def test_exim(front: Front, exim: int) -> None:
    def code(user: str, password: str, address: str = "127.0.0.40") -> int:
        with smtplib.SMTP("127.0.0.1", exim, source_address=(address, 0), timeout=30) as line:
            line.ehlo("test")
            said = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
            return line.docmd("AUTH PLAIN", said)[0]

    secret = front.database.secret
    assert code("on@example.edu", secret) == 235
    assert code("on@example.edu", "wrong") == 535
    assert code("on@example.edu,host=198.51.100.40", secret) == 535, "what looks like more of a name is none"
    for number in range(12):
        code("on@example.edu", f"guess {number}", "127.0.0.41")
    assert front.database.bans("127.0.0.41") == 1
    assert code("on@example.edu", secret, "127.0.0.41") == 535
    assert code("on@example.edu", secret) == 235
    front.process.stop()
    try:
        assert code("on@example.edu", secret) == 435, "later"
    finally:
        front.start()
