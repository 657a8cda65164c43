"""Samba as a domain controller of Active Directory: provisioned into a temporary folder, and only its LDAP started.

Its ports are fixed, so it listens on a loopback address of its own; below 1024, so it wants root.
"""

import base64
import fcntl
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.kit.people import PASSWORD
from tests.kit.servers import certificates, miss, need, need_file
from tests.kit.servers.directory import entry
from tests.kit.servers.service import Service

HOST, PORT, TLS_PORT = "127.0.7.1", 389, 636
REALM = "campus.example.edu"
BASE = "DC=campus,DC=example,DC=edu"
PEOPLE, GROUPS = f"OU=People,{BASE}", f"OU=Groups,{BASE}"
ADMINISTRATOR, ADMINISTRATOR_PASSWORD = f"CN=Administrator,CN=Users,{BASE}", "Campus-of-tests-2026"
NORMAL, DISABLED = "512", "514"  # userAccountControl
LONG_AGO = "129000000000000000"  # a FILETIME, of 2009
OPTIONS = (
    f"interfaces={HOST}/8", "bind interfaces only=yes", "server services=ldap",
    "acl_xattr:security_acl_name=user.NTACL",  # without CAP_SYS_ADMIN, as in a container
)  # fmt: skip


def person(name: str, **attributes: Any) -> str:
    """`name`@example.edu, by the password that everybody has here."""
    known = {
        "objectClass": "user", "sAMAccountName": name, "mail": f"{name}@example.edu", "displayName": name,
        "userAccountControl": NORMAL,
    }  # fmt: skip
    return entry(dn_of(name), **known | attributes) + f"unicodePwd:: {_as_stored(PASSWORD)}\n"


def dn_of(name: str) -> str:
    return f"CN={name},{PEOPLE}"


def _as_stored(password: str) -> str:
    return base64.b64encode(f'"{password}"'.encode("utf-16-le")).decode()


def modification(dn: str, **attributes: str) -> str:
    changes = "-\n".join(f"replace: {name}\n{name}: {value}\n" for name, value in attributes.items())
    return f"dn: {dn}\nchangetype: modify\n{changes}"


class ActiveDirectory:
    def __init__(self, folder: Path) -> None:
        samba, self._tool = need("samba"), need("samba-tool")
        need_file("/usr/share/samba/setup/provision.ldif")
        if os.geteuid() != 0:
            miss("A domain controller listens on ports that only root opens")
        self.folder = folder
        self.url, self.tls_url = f"ldap://{HOST}:{PORT}", f"ldaps://{HOST}:{TLS_PORT}"
        self.authority = certificates.make(folder / "tls")
        options = (
            *OPTIONS, f"log file={folder}/log", f"pid directory={folder}", f"ncalrpc dir={folder}/ncalrpc",
            f"tls certfile={folder}/tls/cert.pem", f"tls keyfile={folder}/tls/privkey.pem",
            f"tls cafile={folder}/tls/ca.pem",
        )  # fmt: skip
        self._options = [f"--option={option}" for option in options]
        command = [
            samba,
            "--interactive",
            "--no-process-group",
            "--model=single",
            f"--configfile={folder}/dc/etc/smb.conf",
        ]
        self.service = Service("samba", [*command, *self._options], folder, {"PATH": "/usr/sbin:/usr/bin:/bin"})

    def provision(self) -> None:
        (self.folder / "tls/privkey.pem").chmod(0o600)
        command = [
            self._tool, "domain", "provision", f"--realm={REALM}", "--domain=CAMPUS", "--server-role=dc",
            "--dns-backend=NONE", "--host-name=dc1", f"--host-ip={HOST}", f"--targetdir={self.folder}/dc",
            f"--adminpass={ADMINISTRATOR_PASSWORD}", *self._options,
        ]  # fmt: skip
        done = subprocess.run(command, text=True, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr

    def change(self, *ldif: str) -> None:
        """As its administrator does, over TLS: it takes passwords in no other way."""
        command = [
            need("ldapmodify"),
            "-a",
            "-x",
            "-H",
            self.tls_url,
            "-D",
            ADMINISTRATOR,
            "-w",
            ADMINISTRATOR_PASSWORD,
        ]
        trusted = os.environ | {"LDAPTLS_CACERT": str(self.authority)}
        done = subprocess.run(command, input="\n".join(ldif), text=True, capture_output=True, check=False, env=trusted)
        assert done.returncode == 0, done.stderr

    def settings(self) -> Mapping[str, Any]:
        return {
            "LDAP_URLS": [self.tls_url], "LDAP_CA_FILE": str(self.authority), "LDAP_BASE": PEOPLE,
            "LDAP_BIND_DN": ADMINISTRATOR, "LDAP_BIND_PASSWORD": ADMINISTRATOR_PASSWORD,
        }  # fmt: skip


@contextmanager
def _alone() -> Iterator[None]:
    """One at a time on a machine, as the ports are fixed."""
    with (Path(tempfile.gettempdir()) / "mailkey-ad.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def running() -> Iterator[ActiveDirectory]:
    with _alone(), tempfile.TemporaryDirectory(prefix="mailkey-ad-") as folder:
        directory = ActiveDirectory(Path(folder))
        directory.provision()
        directory.service.start(PORT, TLS_PORT)
        try:
            yield directory
        finally:
            directory.service.stop()
