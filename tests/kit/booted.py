"""The Debian that tests/kit/bare.py has installed Mailkey in, booted: its own systemd runs the units as they are.

In systemd-nspawn, as root, with a network of its own that leads nowhere. What is killed must be there again by itself;
who comes during a restart or a reload must be answered.
"""

import os
import pty
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from tests.kit.waiting import wait_until

WAIT = 120  # seconds, on a machine that has other things to do
OURS = [f"mailkey-{name}" for name in ("web", "mail", "worker", "files", "beat")]
SERVED = ["mailkey-web", "mailkey-mail"]
MOST = 2.5  # of systemd-analyze security
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
OPERATIONS = Path(__file__).parent.parent.parent / "docs" / "operations.md"
COMES = "until [ -e /run/gone ]; do curl -sk --max-time 60 -o /dev/null -w '%{http_code}\\n' "


class Booted:
    def __init__(self, init: int) -> None:
        self.enter = ["nsenter", "--target", str(init), "--mount", "--uts", "--ipc", "--net", "--pid"]
        self.enter += ["--root", "--wd", "env", "-i", "HOME=/root", PATH, "sh", "-c"]

    def shell(self, text: str) -> str:
        done = subprocess.run([*self.enter, text], check=False, text=True, capture_output=True)
        return (done.stdout + done.stderr).strip()

    def must(self, text: str, typed: str = "") -> None:
        """Each line of it; `typed`: by who is asked for something."""
        whole = f"set -ex; {text}\necho done"
        done = subprocess.run(
            ["setsid", "--wait", *self.enter, whole], check=False, text=True, capture_output=True, input=typed
        )
        said = done.stdout + done.stderr
        if "done" not in said.splitlines():
            raise SystemExit(said)
        print(f"ok: {text}", flush=True)

    def talk(self, text: str, *answers: tuple[str, str]) -> None:
        """As somebody at a terminal who answers each prompt when it comes."""
        process, line = pty.fork()
        if process == 0:
            os.execvp(self.enter[0], [*self.enter, text])
        said = ""
        for prompt, answer in answers:
            while prompt not in said:
                said += _read(line)
            said = ""
            os.write(line, f"{answer}\n".encode())
        while more := _read(line):
            said += more
        if os.waitpid(process, 0)[1]:
            raise SystemExit(f"{text}: {said}")
        print(f"ok: {text}", flush=True)

    def property(self, unit: str, name: str) -> str:
        return self.shell(f"systemctl show --value --property {name} {unit}")

    def process(self, unit: str) -> int:
        """0 while it does not run."""
        state, pid = (self.property(unit, name) for name in ("ActiveState", "MainPID"))
        return int(pid) if state == "active" else 0

    def wait(self, what: str, condition: Callable[[], object]) -> None:
        try:
            wait_until(condition, WAIT)
        except AssertionError as error:
            said = self.shell("systemctl --no-pager --failed; journalctl --no-pager --lines 60")
            raise SystemExit(f"not within {WAIT} seconds: {what}\n{said}") from error
        print(f"ok: {what}", flush=True)

    @contextmanager
    def people(self, *addresses: str) -> Iterator[None]:
        """One after the other at each address, until it is left; each must be answered."""
        self.shell("rm -f /run/gone")
        each = [
            subprocess.Popen([*self.enter, f"{COMES} {address}; done"], text=True, stdout=subprocess.PIPE)
            for address in addresses
        ]
        try:
            yield
        finally:
            self.shell("touch /run/gone")
            said = [one.communicate(timeout=WAIT)[0].split() for one in each]
        for address, answers in zip(addresses, said, strict=True):
            if not answers or set(answers) != {"200"}:
                raise SystemExit(f"{address}: of {len(answers)} answers {[one for one in answers if one != '200']}")
            print(f"ok: {len(answers)} who came to {address} were all answered", flush=True)


def _read(line: int) -> str:
    """What a terminal shows next; empty at its end."""
    try:
        return os.read(line, 4096).decode(errors="replace")
    except OSError:
        return ""


@contextmanager
def booted(folder: Path) -> Iterator[Booted]:
    command = ["systemd-nspawn", "--quiet", f"--directory={folder}", "--boot", "--register=no", "--keep-unit"]
    command += ["--private-network", "--console=pipe"]
    # Debian 13's systemd knows no other hierarchy of control groups than the one, whatever this machine has.
    environment = os.environ | {"SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"}
    with ExitStack() as stack:
        log = stack.enter_context((folder.parent / f"{folder.name}.boot").open("w+"))
        container = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        stack.callback(container.wait, WAIT)
        stack.callback(container.terminate)  # which powers it off
        wait_until(lambda: container.poll() is not None or init(container.pid), WAIT)
        pid = init(container.pid)
        if not pid:
            raise SystemExit(f"{' '.join(command)}: {Path(log.name).read_text()}")
        yield Booted(pid)


def init(container: int) -> int:
    """The systemd in it; what makes room for that comes and goes before. 0: not there yet, or no more."""
    with suppress(OSError):
        for child in Path(f"/proc/{container}/task/{container}/children").read_text().split():
            if Path(f"/proc/{child}/comm").read_text().strip() == "systemd":
                return int(child)
    return 0


def try_out(machine: Booted, host: str) -> None:
    machine.wait(
        "systemd has booted", lambda: "mailkey-web" in machine.shell("systemctl list-units mailkey-web.service")
    )
    database = machine.shell("systemctl list-units --no-legend --plain 'postgresql@*' | cut -d' ' -f1")
    units = [*OURS, database, "redis-server", "nginx"]
    portal, mail = f"--resolve {host}:443:127.0.0.1 https://{host}", "http://127.0.0.1:8001"

    def is_whole() -> bool:
        ready = [machine.shell(f"curl -sk {where}/health/ready") for where in (portal, mail)]
        return ready == ["ok", "ok"] and all(machine.process(unit) for unit in units)

    machine.wait(f"by themselves: {', '.join(units)}", is_whole)
    for unit in OURS:
        look_at(machine, unit)
    for unit in units:
        kill(machine, unit)
        machine.wait("all is well", is_whole)
    for how in ("reload", "restart"):
        with machine.people(f"{portal}/sign-in/", f"{mail}/health/live"):
            for unit in SERVED:
                machine.shell(f"systemctl {how} {unit}")
                machine.wait(f"systemctl {how} {unit}", is_whole)
    bring_back(machine)
    machine.wait("all is well", is_whole)
    if machine.property("mailkey-backup.timer", "ActiveState") != "active":
        raise SystemExit("mailkey-backup.timer is not active")


def bring_back(machine: Booted) -> None:
    """A backup, as docs/operations.md says it, word by word."""
    machine.must("systemctl start mailkey-backup && cd /srv/mailkey && rm -f identity && age-keygen -o identity")
    backup = "runuser -u mailkey -- .venv/bin/python manage.py backup /var/backups/mailkey --recipient"
    machine.must(f"cd /srv/mailkey && {backup} $(age-keygen -y identity)")
    (said,) = re.findall(r"^```\n([^`]*manage\.py restore[^`]*)^```", OPERATIONS.read_text(), re.MULTILINE)
    machine.must(said.replace("FILE", "$(ls /var/backups/mailkey/*.age | tail -1)"))


def look_at(machine: Booted, unit: str) -> None:
    said = machine.shell(f"systemd-analyze security --no-pager {unit}")
    found = re.search(r"exposure level for \S+: ([0-9.]+)", said)
    if not found or float(found[1]) >= MOST:
        raise SystemExit(said)
    print(f"ok: systemd-analyze security {unit}: {found[1]}", flush=True)


def kill(machine: Booted, unit: str) -> None:
    was = machine.process(unit)
    machine.shell(f"kill -KILL {was}")
    machine.wait(f"{unit}, killed, is there again", lambda: machine.process(unit) not in (0, was))
