"""An authority that only its tests trust, and a certificate from it for every name that servers have here."""

import subprocess
from pathlib import Path

from tests.kit.servers import need

NAMES = (
    "DNS:localhost",
    "IP:127.0.0.1",
    "IP:127.0.7.1",
    "IP:::1",
    "DNS:example.edu",
    "DNS:*.example.edu",
    "DNS:*.mail.example.edu",
)
CURVE = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2")


def make(folder: Path) -> Path:
    """Puts privkey.pem and fullchain.pem (with the authority at its end) into a folder. The authority is ca.pem."""
    folder.mkdir()
    authority, key = folder / "ca.pem", folder / "ca-key.pem"
    _openssl("-subj", "/CN=Tests", "-addext", "keyUsage=critical,keyCertSign", "-keyout", key, "-out", authority)
    own = folder / "cert.pem"
    _openssl(
        "-CA", authority, "-CAkey", key, "-subj", "/CN=localhost", "-addext", f"subjectAltName={','.join(NAMES)}",
        "-addext", "basicConstraints=critical,CA:FALSE", "-addext", "extendedKeyUsage=serverAuth",
        "-keyout", folder / "privkey.pem", "-out", own,
    )  # fmt: skip
    chain = folder / "fullchain.pem"
    chain.write_text(own.read_text() + authority.read_text())
    return authority


def _openssl(*words: str | Path) -> None:
    subprocess.run([need("openssl"), "req", "-x509", *CURVE, *words], check=True, capture_output=True)
