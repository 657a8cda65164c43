"""`python -m tests.kit.deployment`: Django's deployment checks with production settings. Part of `make check`."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

ROOT = Path(__file__).resolve().parent.parent.parent

SIGNING_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
    Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
)

SECRETS = {
    "SECRET_KEY": "k" + "0123456789abcdefghijklmnopqrstuvwxyz" * 2,
    "SMS_CODE_KEY": "c" + "0123456789abcdefghijklmnopqrstuvwxyz" * 2,
    "APP_PASSWORD_KEYS": "a" + "0123456789abcdefghijklmnopqrstuvwxyz" * 2,
    "FACTOR_KEYS": "f" + "0123456789abcdefghijklmnopqrstuvwxyz" * 2,
    "EVENT_LOG_KEYS": "e" + "0123456789abcdefghijklmnopqrstuvwxyz" * 2,
    "MAIL_AUTH_TOKEN": "m" + "0123456789abcdefghijklmnopqrstuvwxyz" * 2,
    "OIDC_SIGNING_KEYS": SIGNING_KEY.decode(),
    "TWILIO_AUTH_TOKEN": "only a stand-in",
}
# What stands in for the servers of a production machine, and for who is told.
SERVERS = {"DATABASE_URL": "sqlite://:memory:", "CELERY_BROKER_URL": "memory://localhost", "ADMINS": "it@example.edu",
           "SMS_OPERATOR": "阿里云"}  # fmt: skip
# All that has no default outside of development.
PRODUCTION = {
    "ALLOWED_HOSTS": "portal.example.edu",
    "PUBLIC_URL": "https://portal.example.edu",
    "MAIL_DOMAIN": "example.edu",
    "DATABASE_URL": "sqlite:////tmp/never-opened.sqlite3",
    "CELERY_BROKER_URL": "redis://127.0.0.1:6379/0",
    "SMS_GATEWAY": "twilio",
    "TWILIO_ACCOUNT_SID": "AC00000000000000000000000000000000",
    "TWILIO_FROM": "+12025550123",
    **SECRETS,
}


def manage(*words: str, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """manage.py with this environment and nothing of ours."""
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        environment = {name: value for name, value in PRODUCTION.items() if name not in SECRETS} | SERVERS
        for name, value in SECRETS.items():  # as container platforms hand them over: in files
            path = Path(folder, name)
            path.write_text(value, encoding="utf-8")
            environment[f"{name}_FILE"] = str(path)
        checked = manage("check", "--deploy", "--fail-level", "WARNING", environment=environment)
    print((checked.stdout + checked.stderr).strip())
    return checked.returncode


if __name__ == "__main__":
    sys.exit(main())
