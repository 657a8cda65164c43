"""What stands on the machines: three PostgreSQL of which one writes, three Redis with their sentinels, two each for the
portal, for mail logins and for workers (with a beat on both), HAProxy in front."""

import re
import shutil
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

import psycopg
from redis import Redis, RedisError

from benchmarks.machines.hosts import HERE, NAME_SERVER, Host, Network
from benchmarks.sending import CELERY
from tests.kit.clocks import Clock
from tests.kit.servers import need
from tests.kit.servers.postgres import OWNER
from tests.kit.waiting import wait_until

ROOT = Path(__file__).parent.parent.parent
DATABASES, QUEUES = ("pg1", "pg2", "pg3"), ("rd1", "rd2", "rd3")
PYTHON = [sys.executable, "-m"]
POSTGRES = "postgres"  # the user
DISK = 800  # megabytes
SENTINEL = """port 26379
sentinel monitor mymaster {first} 6379 2
sentinel down-after-milliseconds mymaster 2000
sentinel failover-timeout mymaster 5000
protected-mode no
"""


class Site:
    """`alone`: one machine of each kind."""

    def __init__(self, network: Network, folder: Path, *, alone: bool = False) -> None:
        self.network, self.folder, self.alone = network, folder, alone
        self.databases: tuple[str, ...] = DATABASES[:1] if alone else DATABASES
        self.queues: tuple[str, ...] = QUEUES[:1] if alone else QUEUES
        self.primary = DATABASES[0]
        self._clocks: dict[int, Clock] = {}
        for numbers, names in ((11, self.databases), (21, self.queues)):
            for place, name in enumerate(names):
                network.host(name, numbers + place)
        places = ",".join(f"{self.of(name).address}:5432" for name in self.databases)
        self.database_url = f"postgres://{OWNER}@{places}/{OWNER}"
        sentinels = ";".join(f"sentinel://{self.of(name).address}:26379" for name in self.queues)
        self.broker_url = f"redis://{self.of(QUEUES[0]).address}" if alone else sentinels

    def of(self, name: str) -> Host:
        return self.network.hosts[name]

    # --- Databases

    def begin_databases(self) -> None:
        first = self.of(self.primary)
        if self.alone:
            self.network.disk(first.name, DISK)
        data = self._data(first)
        options = ["--username", OWNER, "--auth", "trust", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync"]
        first.do(need("initdb"), *options, str(data), user=POSTGRES)
        with (data / "pg_hba.conf").open("a") as file:
            file.write("host all,replication all 10.77.0.0/24 trust\n")
        with (data / "postgresql.conf").open("a") as file:
            if not self.alone:  # a commit is on two machines before it is said to be one: of three, one may be lost
                file.write(f"synchronous_standby_names = 'ANY 1 ({','.join(DATABASES)})'\n")
            file.write("wal_keep_size = 256MB\nwal_retrieve_retry_interval = 500ms\nwal_receiver_timeout = 3s\n")
            if self.alone:
                file.write("max_wal_size = 128MB\n")  # its disk is small
        self._begin(first)
        with self.session(first.name, "postgres") as session:
            session.execute("SET synchronous_commit = local")
            session.execute(f"CREATE DATABASE {OWNER}")
        for name in self.databases[1:]:
            self.follow(name)

    def _data(self, host: Host) -> Path:
        home = self.folder / host.name
        home.mkdir(exist_ok=True)
        shutil.chown(home, POSTGRES)
        return home / "data"

    def _begin(self, host: Host) -> None:
        if not host._programs:
            host.has({"LANG": "C.UTF-8"}, need("postgres"), "-D", str(self._data(host)), "-h", host.address, "-k", "",
                     "-N", "200", user=POSTGRES)  # fmt: skip
        host.begin()
        wait_until(lambda: self.is_up(host.name), 60)

    def follow(self, name: str) -> None:
        """It becomes a standby of the one that writes, from nothing, as an administrator does it."""
        host = self.of(name)
        host.kill()
        shutil.rmtree(self._data(host), ignore_errors=True)
        source = f"host={self.of(self.primary).address} user={OWNER} application_name={name}"
        words = ["--pgdata", str(self._data(host)), "--checkpoint", "fast", "--no-sync", "--wal-method", "stream"]
        host.do(need("pg_basebackup"), "--dbname", source, *words, user=POSTGRES)
        all_of_them = ",".join(self.of(one).address for one in DATABASES)
        with (self._data(host) / "postgresql.auto.conf").open("a") as file:
            file.write(f"primary_conninfo = 'host={all_of_them} user={OWNER} application_name={name} "
                       "target_session_attrs=read-write connect_timeout=2'\n")  # fmt: skip
        (self._data(host) / "standby.signal").touch()
        shutil.chown(self._data(host) / "standby.signal", POSTGRES)
        self._begin(host)

    def promote(self) -> None:
        """The standby that has heard most: of both, or what only the other one has heard would be lost."""
        standbys = [name for name in self.databases if name != self.primary]
        wait_until(lambda: all(self.is_up(name) for name in standbys), 10)
        heard = {name: self.ask(name, "SELECT pg_last_wal_receive_lsn() - '0/0'::pg_lsn") for name in standbys}
        self.primary = max(standbys, key=lambda name: heard[name] or 0)
        self.ask(self.primary, "SELECT pg_promote(true, 30)")

    def is_up(self, name: str) -> bool:
        try:
            self.session(name, "postgres").close()
        except psycopg.OperationalError:
            return False
        return True

    def ask(self, name: str, question: str) -> int:
        with self.session(name, "postgres") as session:
            row = session.execute(question).fetchone()
        return int(row[0] or 0) if row else 0

    def session(self, name: str, database: str = OWNER) -> "psycopg.Connection":
        address = self.of(name).address
        return psycopg.connect(host=address, user=OWNER, dbname=database, autocommit=True, connect_timeout=2)

    def postmaster(self) -> int:
        return int((self._data(self.of(self.primary)) / "postmaster.pid").read_text().split()[0])

    # --- Queues

    def begin_queues(self) -> None:
        first = self.of(QUEUES[0]).address
        for name in self.queues:
            host = self.of(name)
            home = self.folder / name
            home.mkdir()
            (home / "sentinel.conf").write_text(SENTINEL.format(first=first) + f"bind {host.address}\ndir {home}\n")
            follows = () if host.address == first else ("--replicaof", first, "6379")
            host.has({}, need("redis-server"), "--bind", host.address, "--protected-mode", "no", "--save", "",
                     "--dir", str(home), *follows)  # fmt: skip
            if not self.alone:
                host.has({}, need("redis-server"), str(home / "sentinel.conf"), "--sentinel")
            host.begin()

    def queue(self) -> str:
        """The one that is asked: it was chosen after each loss."""
        for name in self.queues:
            with suppress(RedisError), Redis(self.of(name).address, 26379, socket_timeout=2) as sentinel:
                address = sentinel.execute_command("SENTINEL", "get-master-addr-by-name", "mymaster")[0].decode()
                return next(one for one in self.queues if self.of(one).address == address)
        raise RuntimeError("no sentinel answers")

    # --- Mailkey

    def begin_mailkey(self, environment: Mapping[str, str]) -> None:
        serving = [*PYTHON, "portal.serving"]
        worker = [*CELERY, "worker", "--queues", "sms,mail,upkeep,files", "--concurrency", "8", "--without-gossip",
                  "--without-mingle", "--loglevel", "WARNING"]  # fmt: skip
        for number in (1,) if self.alone else (1, 2):
            self._clocks[number] = Clock(self.folder, f"clock{number}")
            self.set_clocks(number, AHEAD if number == 2 else 0)
            settings = {**environment, **self._clocks[number].environment}
            web, mail, work = (self.network.host(f"{kind}{number}", base + number) for kind, base in KINDS)
            portal, logins = ("wsgi", "portal.wsgi:application"), ("protocol", MAIL_SERVER)
            web.has_behind_socket(settings, 8000, "mailkey-web.service", *serving, *portal)
            mail.has_behind_socket(settings, 8001, "mailkey-mail.service", *serving, *logins)
            work.has(settings, *worker, "--hostname", f"{work.name}@%h", unit="mailkey-worker.service")
            work.has(settings, *CELERY, "beat", "--loglevel", "WARNING", unit="mailkey-beat.service")
            for host in (web, mail, work):
                host.begin()
        self._begin_front()

    def begin_names(self) -> dict[str, str]:
        """How machines call each other, in settings."""
        known = {f"{name}.{DOMAIN}": host.address for name, host in self.network.hosts.items()}
        known[f"{GATEWAY}.{DOMAIN}"] = HERE
        server = self.network.host("ns1", int(NAME_SERVER.rpartition(".")[2]))
        told = [f"{name}={address}" for name, address in known.items()]
        server.has({"PYTHONPATH": str(ROOT)}, *PYTHON, "benchmarks.machines.names", server.address, *told)
        server.begin()
        return {
            "DATABASE_URL": f"postgres://{OWNER}@{self.primary}.{DOMAIN}:5432/{OWNER}",
            "CELERY_BROKER_URL": f"redis://{self.queues[0]}.{DOMAIN}",
        }

    def begin_directory(self, names: Iterable[str], password: str) -> dict[str, str]:
        """Where all passwords are, and how it is found."""
        from tests.kit.servers.directory import Directory, person

        host = self.network.host("dir1", 81)
        home = self.folder / "directory"
        home.mkdir()
        directory = Directory(home)
        directory.fill(person(name, userPassword=password) for name in names)
        url = f"ldap://{host.address}"
        host.has({}, *directory.command(url))
        host.begin()
        return {**directory.settings(url), "LDAP_STARTTLS": "off"}

    def set_clocks(self, number: int, off: float) -> None:
        """Of the machines of each kind with this number, in seconds."""
        self._clocks[number].set(off)

    def _begin_front(self) -> None:
        front = self.network.host("front", 61)
        text = (ROOT / "deploy/haproxy/mailkey.cfg").read_text()
        text = re.sub(r"bind :443 .*", f"bind {front.address}:80", text)
        text = text.replace("bind :8001", f"bind {front.address}:8001").replace("10.0.0.", "10.77.0.")
        file = self.folder / "haproxy.cfg"
        file.write_text(text.replace("log /dev/log local0", ""))
        front.has({}, "haproxy", "-f", str(file))
        front.begin()
        self.front = front


DOMAIN, GATEWAY = "site.example", "gateway"
AHEAD = 90.0  # seconds, of the second machine of each kind
KINDS = (("web", 30), ("mail", 40), ("work", 50))
MAIL_SERVER = "apppasswords.maillogin.server.request:MailServer"
