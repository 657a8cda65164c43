"""What a login by IMAP costs through a real Dovecot that asks Mailkey, beside one that asks a table of its own.

`python -m benchmarks.dovecot`, as root: needs Dovecot (dovecot-pgsql, dovecot-auth-lua) and PostgreSQL. Both have the
files of deploy/dovecot; one has an SQL passdb instead, in the same PostgreSQL, whose passwords are one round of
SHA-256, as app passwords are. It knows no bans, no limits, no two-step and no last use. Counted is the processor time
of Dovecot, the mail login service and PostgreSQL.
"""

import os
import socket
import ssl
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from statistics import median, quantiles

from benchmarks import machine, people
from benchmarks.mail_login import ENVIRONMENT, MAIL, Server, seconds, server
from tests.kit.servers.mail import WITH_STARTTLS, MailSystem
from tests.kit.servers.mail_files import FIRST_WAY
from tests.kit.servers.postgres import Cluster, cluster

ROUNDS, LOGINS, CLIENTS = 5, 600, 4
SQL = """driver = pgsql
connect = host=127.0.0.1 port={port} dbname=mailkey user=mailkey
default_pass_scheme = SHA256.HEX
password_query = SELECT username AS user, digest AS password FROM own_passdb WHERE username = '%u'
"""


class Way:
    def __init__(self, name: str, port: int, cpu: Callable[[], float], tls: ssl.SSLContext | None) -> None:
        self.name, self.port, self.cpu, self.tls = name, port, cpu, tls
        self.costs: list[float] = []
        self.times: list[float] = []

    def run(self, logins: list[tuple[str, str]]) -> None:
        before = self.cpu()
        with ThreadPoolExecutor(CLIENTS) as crowd:
            self.times += crowd.map(self.log_in, logins)
        self.costs.append((self.cpu() - before) / len(logins) * 1e6)

    def log_in(self, who: tuple[str, str]) -> float:
        start = time.perf_counter()
        with socket.create_connection(("127.0.0.1", self.port), 30) as plain:
            line = self.tls.wrap_socket(plain, server_hostname="localhost") if self.tls else plain
            with line, line.makefile("rwb") as talk:
                talk.readline()
                talk.write(f'a LOGIN "{who[0]}" "{who[1]}"\r\n'.encode())
                talk.flush()
                while (said := talk.readline()) and not said.startswith(b"a "):
                    pass
                taken = time.perf_counter() - start
                if not said.startswith(b"a OK"):
                    raise SystemExit(f"{self.name}: {said!r} (is dovecot-pgsql installed?)")
                talk.write(b"b LOGOUT\r\n")
                talk.flush()
                talk.read()
        return taken


def tree(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return [pid, *(each for child in children for each in tree(int(child)))]


def dovecots(system: MailSystem, database: Cluster, mail: Server) -> list[Way]:
    made = []
    for name, prefix in (("own SQL passdb", "newer_"), ("Mailkey", "")):
        folder = name.replace(" ", "-")
        service = system.dovecot(folder, FIRST_WAY, WITH_STARTTLS, way=prefix)
        if prefix:
            (system.folder / folder / "sql.conf").write_text(SQL.format(port=database.port))
            auth = system.folder / folder / "mailkey/auth.conf"
            asks = f"driver = lua\n  args = file={system.folder}/{folder}/mailkey/mailkey.lua blocking=yes"
            text = auth.read_text()
            assert asks in text
            auth.write_text(text.replace(asks, f"driver = sql\n  args = {system.folder}/{folder}/sql.conf"))
        service.start(system.ports[f"{prefix}imap"])
        pid = service.pid

        def cpu(pid: int = pid, asks_mailkey: bool = not prefix) -> float:
            used = seconds(tree(pid)) + seconds(database.processes())
            return used + mail.seconds() if asks_mailkey else used

        made.append(Way(f"TLS, {name}", system.ports[f"{prefix}imap"], cpu, system.context))
        made.append(Way(f"plain, {name}", system.ports[f"{prefix}starttls_imap"], cpu, None))
    return made


def main() -> None:
    print(machine.told(), flush=True)
    rounds = int(sys.argv[1]) if sys.argv[1:] else ROUNDS
    with (
        cluster() as database,
        tempfile.TemporaryDirectory(prefix="mailkey-dovecot-", ignore_cleanup_errors=True) as name,
    ):
        folder = Path(name)
        folder.chmod(0o755)  # servers drop their privileges and still need their files
        system = MailSystem(folder)
        os.environ |= ENVIRONMENT | {
            "DATABASE_URL": database.url,
            "MAIL_AUTH_TOKEN": system.environment["MAIL_AUTH_TOKEN"],
        }
        people.make(0)
        logins = people.owners(1)[:LOGINS]
        with database.session() as session:
            session.execute("CREATE TABLE own_passdb (username text PRIMARY KEY, digest text)")
            for user, secret in logins:
                session.execute("INSERT INTO own_passdb VALUES (%s, %s)", (user, sha256(secret.encode()).hexdigest()))
        system._make_certificate()
        with server(MAIL, dict(os.environ)) as mail:
            system.ports["login"] = mail.port
            try:
                ways = dovecots(system, database, mail)
                for _ in range(rounds + 1):
                    for way in ways:
                        way.run(logins)
            finally:
                for service in reversed(system._services):
                    service.stop()
    show(ways)


def show(ways: list[Way]) -> None:
    print(f"{'':28}{'CPU µs':>9}{'×':>7}{'spread':>14}{'median ms':>11}{'p99 ms':>9}")
    for kind in ("TLS", "plain"):
        own, mailkey = (way for way in ways if way.name.startswith(kind))
        for way in (own, mailkey):
            costs = way.costs[1:]  # the first round makes mailboxes and connections
            ratio = median(costs) / median(own.costs[1:])
            spread = f"{min(costs):.0f}–{max(costs):.0f}"
            times = way.times[LOGINS:]
            print(
                f"{way.name:28}{median(costs):9.0f}{ratio:7.2f}{spread:>14}"
                f"{median(times) * 1000:11.1f}{quantiles(times, n=100)[-1] * 1000:9.1f}"
            )


if __name__ == "__main__":
    main()
