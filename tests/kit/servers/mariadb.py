"""A MariaDB with TLS in a temporary folder, as mail servers keep their people in one."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pymysql

from tests.kit.servers import certificates, free_port, need
from tests.kit.servers.service import Service

NAME, PASSWORD = "mailkey", "very secret"
DATABASE = "vmail"
SCRIPTS = Path("/usr/share/mysql")
TABLES = ("mysql_system_tables.sql", "mysql_system_tables_data.sql")  # its own; the installer wants a package more


class MariaDB:
    def __init__(self, folder: Path) -> None:
        server = need("mariadbd")
        self.port = free_port()
        self.authority = certificates.make(folder / "tls")
        self._socket = folder / "socket"
        memory = ["--innodb-buffer-pool-size=8M", "--innodb-flush-log-at-trx-commit=0", "--performance-schema=off"]
        command = [server, "--no-defaults", f"--datadir={folder}/data", *memory]
        command += ["--user=root"] if os.geteuid() == 0 else []
        (folder / "data").mkdir()
        tables = "".join((SCRIPTS / name).read_text(encoding="utf-8") for name in TABLES)
        said = f"CREATE DATABASE mysql;\nUSE mysql;\n{tables}"
        subprocess.run([*command, "--bootstrap"], input=said, text=True, check=True, capture_output=True)
        network = [f"--port={self.port}", "--bind-address=127.0.0.1", f"--socket={self._socket}"]
        tls = [f"--ssl-cert={folder}/tls/fullchain.pem", f"--ssl-key={folder}/tls/privkey.pem"]
        self.service = Service("mariadbd", [*command, *network, *tls], folder, {})

    def start(self) -> None:
        """With a database, and with somebody who may do everything in it."""
        self.service.start(self.port)
        self.run(
            f"CREATE DATABASE {DATABASE} CHARACTER SET utf8mb4",
            f"CREATE USER {NAME}@'%' IDENTIFIED BY '{PASSWORD}'",
            f"GRANT ALL ON {DATABASE}.* TO {NAME}@'%'",
        )

    def run(self, *statements: str) -> None:
        """As its administrator does."""
        root = pymysql.connect(unix_socket=str(self._socket), user="root", charset="utf8mb4", autocommit=True)
        with closing(root), root.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def url(self, options: str = "") -> str:
        return f"mysql://{NAME}:{PASSWORD.replace(' ', '%20')}@127.0.0.1:{self.port}/{DATABASE}{options}"


@contextmanager
def running() -> Iterator[MariaDB]:
    with tempfile.TemporaryDirectory(prefix="mailkey-mariadb-") as folder:
        server = MariaDB(Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.service.stop()
