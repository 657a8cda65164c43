"""npm's oidc-provider as an institution runs it: a process of its own, one person, one client."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.kit.servers import free_port, need, need_file
from tests.kit.servers.cas_server import NAME, PASSWORD
from tests.kit.servers.prism import NODE
from tests.kit.servers.service import ROOT, Service
from tests.kit.servers.sources import CLIENT, SECRET


@contextmanager
def running(service: str, mailbox: str) -> Iterator[str]:
    """Its address, as OIDC_UPSTREAM_ISSUER has it; `service` is ours."""
    modules = NODE / "node_modules"
    need_file(str(modules / "oidc-provider"))
    port = free_port()
    script = str(ROOT / "tests" / "kit" / "node" / "provider.mjs")
    what = [str(modules), str(port), service, mailbox, NAME, PASSWORD, CLIENT, SECRET]
    with TemporaryDirectory(prefix="mailkey-provider-") as folder:
        server = Service("provider", [need("node"), script, *what], Path(folder), {"PATH": "/usr/bin:/bin"})
        server.start(port)
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.stop()
