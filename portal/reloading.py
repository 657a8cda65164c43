"""`python -m portal.reloading PID`: new processes in the place of the old ones of a portal.serving, as `systemctl
reload` wants them. It returns when all are there, and fails if what lies there now does not load."""

import os
import signal
import sys
import time
from pathlib import Path

WITHIN = 85.0  # seconds; systemd gives up after 90
LOOKED_EVERY = 0.05  # seconds


def reload(server: int) -> str:
    """What is wrong, if anything is."""
    before = _workers(server)
    os.kill(server, signal.SIGHUP)
    seen = before
    end = time.monotonic() + WITHIN
    while time.monotonic() < end:
        now = _workers(server)
        if now and not now & before and len(now) == len(before):
            return ""
        if seen - before - now:
            return "What lies there now does not load: the old processes go on. Its log says why."
        seen = seen | now
        time.sleep(LOOKED_EVERY)
    return f"The new processes were not there after {WITHIN:.0f} seconds."


def _workers(server: int) -> set[str]:
    return set(Path(f"/proc/{server}/task/{server}/children").read_text().split())


if __name__ == "__main__":
    sys.exit(reload(int(sys.argv[1])) or 0)
