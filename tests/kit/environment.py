"""A pytest plugin, loaded before Django's settings are read: the environment that tests run in."""

import os
import tempfile
from pathlib import Path

os.environ["DEBUG"] = "on"
os.environ["SMS_GATEWAY"] = "memory"
os.environ["VAR"] = tempfile.mkdtemp(prefix="mailkey-tests-")
os.environ["EMAIL_URL"] = "memorymail://"
os.environ["CELERY_BROKER_URL"] = "memory://localhost"
os.environ["MAILBOX_URL"] = "https://webmail.example.edu/"
for name in ("DATABASE_URL", "SHARED_NETWORKS", "TRUSTED_PROXIES"):
    os.environ.pop(name, None)
(Path(os.environ["VAR"]) / "static").mkdir()
