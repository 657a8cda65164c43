"""`python -m portal.reloading PID`: new processes in the place of the old ones of a portal.serving, as `systemctl
reload` wants them. It returns when all are there, and fails if what lies there now does not load."""

import os
import signal
import socket
import sys

WITHIN = 85.0  # seconds; systemd gives up after 90
DONE, BROKEN = b"done", b"broken"


def reload(server: int) -> str:
    """What is wrong, if anything is."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        try:
            line.bind(line_of(server))
        except OSError:
            return "It is being reloaded already."
        line.settimeout(WITHIN)
        os.kill(server, signal.SIGHUP)
        try:
            answer = line.recv(len(BROKEN))
        except TimeoutError:
            return f"The new processes were not there after {WITHIN:.0f} seconds."
    return "" if answer == DONE else "What lies there now does not load: the old processes go on. Its log says why."


def line_of(server: int) -> str:
    """Where that server says how a reload went: a name that no file has."""
    return f"\0mailkey-reload-{server}"


if __name__ == "__main__":
    sys.exit(reload(int(sys.argv[1])) or 0)
