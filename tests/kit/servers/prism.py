"""Prism plays Twilio after Twilio's own description of its interface: what does not fit is refused, and named."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.kit.servers import free_port, need, need_file
from tests.kit.servers.service import ROOT, Service

NODE = ROOT / ".venv" / "node"  # `make .venv/node/twilio.json`


@contextmanager
def twilio_by_its_description(folder: Path) -> Iterator[str]:
    """Its address."""
    need("node")
    prism, description = NODE / "node_modules" / ".bin" / "prism", NODE / "twilio.json"
    need_file(str(description))
    port = free_port()
    command = [str(prism), "mock", "--errors", "--host", "127.0.0.1", "--port", str(port), str(description)]
    service = Service("prism", command, folder, {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(folder)})
    service.start(port)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        service.stop()
