"""As systemd does it: holds a socket, and starts again what it hands it to: keeper.py HOST:PORT SECONDS COMMAND ..."""

import socket
import subprocess
import sys
import time

HANDED_OVER = 3  # sd_listen_fds(3)
AS_SYSTEMD = ["bash", "-c", 'exec 3<&"$0"; LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"']
BACKLOG = 1024


def keep(place: str, rests: float, command: list[str]) -> None:
    host, _, port = place.rpartition(":")
    with socket.create_server((host, int(port)), backlog=BACKLOG) as held:
        number = held.fileno()
        while True:
            subprocess.run([*AS_SYSTEMD, str(number), *command], pass_fds=[number], check=False)
            time.sleep(rests)


if __name__ == "__main__":
    keep(sys.argv[1], float(sys.argv[2]), sys.argv[3:])
