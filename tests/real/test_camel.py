"""Camel, by which Evolution reads mail: it asks for another password when the one it has was
refused, and for nothing while the server only cannot tell. What it takes for which is its own affair, so it is asked.
"""

import subprocess
from pathlib import Path

import pytest

from tests.kit.mail_programs import HOST, PASSWORD, Mailbox
from tests.kit.servers import need_file
from tests.kit.servers.service import ROOT

pytestmark = pytest.mark.slow

UNPACKED = ROOT / ".venv/camel"  # by .ci/run: installed, it would bring a desktop
LIBRARIES = UNPACKED / "usr/lib/x86_64-linux-gnu"
PYTHON = "/usr/bin/python3"  # Debian's, which has GObject's libraries
PROGRAM = """
import sys, gi
gi.require_version("Camel", "1.2")
from gi.repository import Camel, GLib
folder, port, user, password = sys.argv[1:]
verdicts = []
class Session(Camel.Session):
    def do_trust_prompt(self, service, certificate, errors):
        return Camel.CertTrust.TEMPORARY
    def do_authenticate_sync(self, service, mechanism, cancellable):
        "Without asking anybody for another password, as Evolution does now, and Camel by itself tries the same again."
        said = service.authenticate_sync(mechanism, cancellable)
        verdicts.append(said)
        if said == Camel.AuthenticationResult.REJECTED:
            raise GLib.Error("rejected")
        return said == Camel.AuthenticationResult.ACCEPTED
Camel.init(folder, False)
Camel.provider_init()
session = Session(user_data_dir=folder, user_cache_dir=folder)
session.set_online(True)
service = session.add_service("here", "imapx", Camel.ProviderType.STORE)
settings = service.ref_settings()
settings.props.host, settings.props.port, settings.props.user = "127.0.0.1", int(port), user
settings.props.security_method = Camel.NetworkSecurityMethod.SSL_ON_ALTERNATE_PORT
service.set_password(password)
try:
    service.set_online_sync(True, None)
    service.connect_sync(None)
    print("in")
except GLib.Error as error:
    refused = Camel.AuthenticationResult.REJECTED in verdicts
    print("another password" if refused else "a fault:", error.message)
"""
REFUSED, FAULT = "another password", "a fault"


def says(staff: Mailbox, password: str, folder: Path) -> str:
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(folder),
        "LD_LIBRARY_PATH": str(LIBRARIES),
        "GI_TYPELIB_PATH": f"{LIBRARIES}/girepository-1.0",
        "GIO_EXTRA_MODULES": f"{LIBRARIES}/gio/modules",
        "GSETTINGS_SCHEMA_DIR": f"{UNPACKED}/usr/share/glib-2.0/schemas",
        "EDS_CAMEL_PROVIDER_DIR": f"{UNPACKED}/usr/lib/evolution-data-server/camel-providers",
    }
    words = [PYTHON, "-c", PROGRAM, str(folder), str(staff.system.ports["imap"]), staff.name, password]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False, env=environment)
    assert done.stdout, done.stderr
    return done.stdout.strip()


def test_it_tells_a_wrong_password_from_a_server_that_cannot_tell(staff: Mailbox, tmp_path: Path) -> None:
    need_file(f"{LIBRARIES}/libcamel-1.2.so.64")
    staff.system.people("forget")  # it cannot choose its own address
    assert says(staff, staff.app_password, tmp_path) == "in"
    assert says(staff, PASSWORD, tmp_path).startswith(REFUSED), "two-step is on"
    staff.system.login.stop()
    try:
        assert says(staff, staff.app_password, tmp_path).startswith(FAULT)
    finally:
        staff.system.login.start(staff.system.ports["login"])
    for number in range(10):
        staff.enters(f"guess {number}", address=HOST)
    assert says(staff, staff.app_password, tmp_path).startswith(FAULT), "banned: no other password would help"
    staff.system.people("forget")
