"""slapd with a few people: a real directory, its policy of passwords, and what Active Directory says in a refusal."""

import base64
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.kit.people import PASSWORD
from tests.kit.servers import certificates, miss, need, need_file
from tests.kit.servers.service import Service, free_ports

BASE = "dc=example,dc=edu"
PEOPLE = f"ou=people,{BASE}"
MANAGER, MANAGER_PASSWORD = f"cn=manager,{BASE}", "manager's own"
SERVICE, SERVICE_PASSWORD = f"cn=mailkey,{BASE}", "service's own"
MODULES = ("back_mdb", "ppolicy", "retcode")
CONFIG = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
{modules}
TLSCACertificateFile {folder}/tls/ca.pem
TLSCertificateFile {folder}/tls/fullchain.pem
TLSCertificateKeyFile {folder}/tls/privkey.pem
sizelimit size.soft=500 size.hard=500 size.pr=500 size.prtotal=unlimited
database mdb
maxsize 1073741824
suffix "{base}"
rootdn "{manager}"
rootpw "{manager_password}"
directory {folder}/data
dbnosync
index objectClass,mail,entryUUID eq
index modifyTimestamp eq
overlay ppolicy
ppolicy_default "cn=policy,{base}"
ppolicy_use_lockout
overlay retcode
retcode-parent "ou=codes,{base}"
retcode-indir
access to attrs=userPassword by anonymous auth by self write by * none
access to attrs=errCode,errText,errOp,objectClass,entry by * read
access to * by dn.exact="{service}" read by self read by * auth
"""
POLICY = {"objectClass": ["person", "pwdPolicy"], "sn": "policy", "pwdAttribute": "userPassword"}
AD = "80090308: LdapErr: DSID-0C09044E, comment: AcceptSecurityContext error, data {}, v2580"


def entry(dn: str, **attributes: Any) -> str:
    """In LDIF, with everything in base64: names are Chinese."""
    lines = [f"dn:: {_coded(dn)}"]
    for name, values in attributes.items():
        lines += [f"{name}:: {_coded(value)}" for value in ([values] if isinstance(values, str) else values)]
    return "\n".join(lines) + "\n"


def _coded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def person(name: str, **attributes: Any) -> str:
    """`name`@example.edu"""
    known = {
        "objectClass": ["inetOrgPerson"], "cn": name, "sn": name, "mail": f"{name}@example.edu",
        "userPassword": PASSWORD,
    }  # fmt: skip
    return entry(f"uid={name},{PEOPLE}", uid=name, **known | attributes)


def refused_as_in_ad(name: str, subcode: str) -> str:
    return person(
        name, objectClass=["inetOrgPerson", "errAuxObject"], errCode="49", errOp="bind", errText=AD.format(subcode)
    )


def tree() -> list[str]:
    return [
        entry(BASE, objectClass=["dcObject", "organization"], dc="example", o="示例大学"),
        entry(f"cn=policy,{BASE}", **POLICY, cn="policy"),
        entry(f"cn=resetting,{BASE}", **POLICY, cn="resetting", pwdMustChange="TRUE"),
        entry(f"cn=locking,{BASE}", **POLICY, cn="locking", pwdLockout="TRUE", pwdMaxFailure="6"),
        entry(f"cn=long,{BASE}", **POLICY, cn="long", pwdCheckQuality="2", pwdMinLength="30"),
        entry(f"cn=expiring,{BASE}", **POLICY, cn="expiring", pwdMaxAge="86400"),
        entry(SERVICE, objectClass=["organizationalRole", "simpleSecurityObject"], cn="mailkey",
              userPassword=SERVICE_PASSWORD),
        entry(PEOPLE, objectClass="organizationalUnit", ou="people"),
    ]  # fmt: skip


class Directory:
    """It can be stopped, frozen and started again. `url` is in clear, `tls_url` is not."""

    def __init__(self, folder: Path) -> None:
        self._slapd, self._slapadd = need("slapd"), need("slapadd")
        for module in MODULES:
            need_file(f"/usr/lib/ldap/{module}.so")
        try:
            import ldap  # noqa: F401, PLC0415 - an extra
        except ImportError:
            miss("python-ldap is not installed")
        self.folder = folder
        self.port, self.tls_port = free_ports(2)
        self.url, self.tls_url = f"ldap://127.0.0.1:{self.port}", f"ldaps://127.0.0.1:{self.tls_port}"
        self.authority = certificates.make(folder / "tls")
        (folder / "data").mkdir()
        words = {"folder": folder, "base": BASE, "manager": MANAGER, "manager_password": MANAGER_PASSWORD}
        modules = "\n".join(f"moduleload {module}.so" for module in MODULES)
        self._config = folder / "slapd.conf"
        self._config.write_text(CONFIG.format(**words, service=SERVICE, modules=modules))
        self.service = Service(
            "slapd", self.command(self.url, self.tls_url), folder, {"PATH": "/usr/sbin:/usr/bin:/bin"}
        )

    def command(self, *urls: str) -> list[str]:
        return [self._slapd, "-f", str(self._config), "-h", " ".join(urls), "-d", "0"]

    def fill(self, people: Iterable[str]) -> None:
        """While it does not run."""
        text = "\n".join([*tree(), *people])
        done = subprocess.run(
            [self._slapadd, "-q", "-f", self._config], input=text, text=True, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr

    def start(self) -> None:
        self.service.start(self.port, self.tls_port)

    def stop(self) -> None:
        self.service.stop()

    def change(self, ldif: str) -> None:
        """As its administrator does, with ldapmodify."""
        command = [need("ldapmodify"), "-x", "-H", self.url, "-D", MANAGER, "-w", MANAGER_PASSWORD]
        done = subprocess.run(command, input=ldif, text=True, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr

    def set_password(self, name: str, password: str) -> None:
        self.change(f"dn: uid={name},{PEOPLE}\nchangetype: modify\nreplace: userPassword\nuserPassword: {password}\n")

    def settings(self, *urls: str) -> Mapping[str, str]:
        """As .env has them."""
        return {
            "LDAP_URLS": ",".join(urls or (self.url,)), "LDAP_BIND_DN": SERVICE,
            "LDAP_BIND_PASSWORD": SERVICE_PASSWORD, "LDAP_BASE": BASE, "LDAP_CA_FILE": str(self.authority),
        }  # fmt: skip


@contextmanager
def running(people: Iterable[str]) -> Iterator[Directory]:
    with tempfile.TemporaryDirectory(prefix="mailkey-slapd-") as folder:
        directory = Directory(Path(folder))
        directory.fill(people)
        directory.start()
        try:
            yield directory
        finally:
            directory.stop()
