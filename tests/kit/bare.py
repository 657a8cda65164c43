"""`python -m tests.kit.bare [bookworm|trixie [by-hand]]`: deploy/install in a bare Debian, as root, or what
docs/operations.md says in its place (tests/kit/by_hand.py); `make install-test`.

It is unpacked by debootstrap into the folder and entered by chroot, where the units' own command lines are started by
hand, as their users. Then it is booted, and its own systemd starts them (tests/kit/booted.py). What is committed is
installed.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.kit import booted, by_hand
from tests.kit.waiting import wait_until

ROOT = Path(__file__).parent.parent.parent
HOST, DOMAIN = "security.mail.example.edu", "example.edu"
MIRROR = "http://deb.debian.org/debian"
WAIT = 60  # seconds
# What an administrator fills in after the first run has named it.
GATEWAY = {
    "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
    "TWILIO_AUTH_TOKEN": "only-a-stand-in",
    "TWILIO_MESSAGING_SERVICE_SID": "MG" + "0" * 32,
    "ADMINS": "it@example.edu",
}
# How this machine comes out into the world: by a proxy, with certificates of its own.
AUTHORITIES = "/root/authorities.crt"
OUT = [f"{name}={value}" for name, value in os.environ.items() if name.lower().endswith("_proxy")]
OUT += [f"PIP_CERT={AUTHORITIES}"] if "PIP_CERT" in os.environ else []


def run(*command: str | Path) -> None:
    subprocess.run(command, check=True)


class Bare:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def unpack(self, suite: str) -> None:
        if not (self.folder / "etc/debian_version").exists():
            run("debootstrap", "--variant=minbase", "--include=systemd", suite, self.folder, MIRROR)

        if "PIP_CERT" in os.environ:
            shutil.copyfile(os.environ["PIP_CERT"], f"{self.folder}{AUTHORITIES}")

    def forget(self) -> None:
        if self.folder.exists():
            run("rm", "--recursive", "--force", "--one-file-system", self.folder)

    def keep_a_repository(self) -> None:
        """What is committed here, where an administrator keeps it."""
        run("git", "clone", "--quiet", "--bare", ROOT, self.folder / "root/mailkey.git")

    def check_out(self) -> None:
        tree = self.folder / "srv/mailkey"
        tree.mkdir(parents=True, exist_ok=True)
        (tree / ".env").unlink(missing_ok=True)  # of an earlier trial in this folder
        archive = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, check=True, capture_output=True).stdout
        subprocess.run(["tar", "--extract", "--directory", tree], input=archive, check=True)

    def inside(self, *command: str, check: bool = True) -> str:
        """What it says; with the environment of a fresh login."""
        fresh = ["env", "-i", "HOME=/root", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", *OUT]
        done = subprocess.run(["chroot", self.folder, *fresh, *command], check=False, text=True, capture_output=True)
        if check and done.returncode:
            raise SystemExit(f"{' '.join(command)}:\n{done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def shell(self, text: str, *, check: bool = True) -> str:
        return self.inside("sh", "-c", f"cd /srv/mailkey && {text}", check=check)

    @contextmanager
    def mounted(self) -> Iterator[None]:
        with ExitStack() as mounts:
            for kind, place in (("proc", "proc"), ("tmpfs", "dev/shm")):
                (self.folder / place).mkdir(exist_ok=True)
                run("mount", "-t", kind, kind, self.folder / place)
                mounts.callback(run, "umount", "--lazy", self.folder / place)
            yield

    @contextmanager
    def services(self) -> Iterator[None]:
        """Each unit's own command line, as its own user."""
        started = []
        for unit in ("web", "mail", "worker", "files", "beat"):
            text = (self.folder / f"etc/systemd/system/mailkey-{unit}.service").read_text()
            command = re.search(r"^ExecStart=(.+)$", text, re.MULTILINE)
            assert command
            line = command[1].replace("%%", "%")
            as_user = ["chroot", "--userspec=mailkey:mailkey", str(self.folder), "env", "-i", "PATH=/usr/bin:/bin"]
            started.append(subprocess.Popen([*as_user, "sh", "-c", f"cd /srv/mailkey && exec {line}"]))
        try:
            yield
        finally:
            for process in started:
                process.terminate()
            for process in started:
                process.wait(WAIT)


def answers(bare: Bare, command: str, wanted: str) -> None:
    wait_until(lambda: wanted in bare.shell(command, check=False), WAIT)
    print(f"ok: {command}", flush=True)


def fill_in(bare: Bare) -> None:
    file = bare.folder / "srv/mailkey/.env"
    text = file.read_text()
    for name, value in GATEWAY.items():
        text, found = re.subn(rf"^{name}=$", f"{name}={value}", text, flags=re.MULTILINE)
        assert found == 1, name
    file.write_text(text)


def try_out(bare: Bare) -> None:
    install = f"deploy/install {HOST} {DOMAIN}"
    said = bare.shell(install, check=False)
    print(said)
    if "TWILIO" not in said or "run this again" not in said:
        raise SystemExit("the first run did not name what is missing")
    fill_in(bare)
    print(bare.shell(install))
    settings = bare.shell("cat .env")
    print(bare.shell(install))
    if bare.shell("cat .env") != settings:
        raise SystemExit("running it again has changed the settings")
    bare.shell("test portal/__pycache__/settings.*.pyc -nt portal/settings.py")  # or each start would compile it
    bare.shell("service nginx start")
    with bare.services():
        curl = f"curl -sk --resolve {HOST}:443:127.0.0.1 https://{HOST}"
        answers(bare, f"{curl}/health/ready", "ok\n")
        answers(bare, "curl -s http://127.0.0.1:8001/health/ready", "ok")
        answers(bare, f"{curl}/sign-in/", "<form")
        bare.shell("runuser -u mailkey -- .venv/bin/python manage.py backup /var/backups/mailkey")


def main(suite: str = "bookworm", way: str = "") -> None:
    bare = Bare((ROOT / "var" / f"bare-{suite}{way and f'-{way}'}").resolve())
    if way:
        bare.forget()  # nothing that an earlier trial has brought helps this one
    bare.unpack(suite)
    if way:
        bare.keep_a_repository()
        by_hand.install(bare)
        with booted.booted(bare.folder) as machine:
            by_hand.go_on(bare, machine)
    else:
        bare.check_out()
        with bare.mounted():
            try:
                try_out(bare)
            finally:
                bare.shell("service nginx stop; service redis-server stop; service postgresql stop", check=False)
        with booted.booted(bare.folder) as machine:
            booted.try_out(machine, HOST)
    print(f"installed on {suite}, {way or 'twice, served'}, and booted")


if __name__ == "__main__":
    main(*sys.argv[1:])
