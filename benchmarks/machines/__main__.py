"""Thirteen machines of which each loses its power, and then its cable, while people and mail programs go on.

    python -m benchmarks.machines [ROUNDS] [NAME ...]        (make machines ARGS='1 pg1 mail1')

As root, with PostgreSQL, Redis and Debian's haproxy. The clock of every second machine is 90 seconds
ahead, and two beats run all the time. Where the database that writes is gone, a standby is promoted five seconds later,
as an administrator does it. Ends with 1 if an SMS went out twice, a ban was forgotten, or something could not be done
by trying again. Writes the table into docs/reliability.md.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any

from benchmarks import people
from benchmarks.machines.hosts import HERE, Network
from benchmarks.machines.load import Load, make_people, summed
from benchmarks.machines.site import DATABASES, ROOT, Site
from benchmarks.mail_login import ENVIRONMENT
from benchmarks.sending import Gateway, wait_for_the_end
from tests.kit.waiting import wait_until

NEEDED = {"/usr/sbin/haproxy": "haproxy", "/usr/bin/redis-server": "redis-server",
          "/usr/lib/postgresql": "postgresql", "/sbin/ip": "iproute2"}  # fmt: skip
GUESSES = 10
STEADY, AWAY, PROMOTED_AFTER = 3.0, 8.0, 5.0  # seconds
WHOLE_WITHIN = 60.0  # seconds after it is back
TABLE = re.compile(r"(<!-- machines -->\n).*?(<!-- end -->)", re.DOTALL)


class Trial:
    def __init__(self, site: Site, load: Load) -> None:
        self.site, self.load, self._guessed = site, load, 0

    def ban(self) -> str:
        """Somebody guesses until the address is banned; all of it was told."""
        self._guessed += 1
        address = f"10.7.{self._guessed}.7"
        for turn in range(GUESSES):
            wait_until(partial(self._is_refused, f"wrong {turn}", address), 30)
        wait_until(lambda: self._asked("wrong", address) == 429, 5)
        return address

    def _is_refused(self, password: str, address: str) -> bool:
        return self._asked(password, address) in (401, 429)

    def _asked(self, password: str, address: str) -> int:
        try:
            return self.load.mail_login(people.owners(10)[0][0], password, address)
        except OSError:
            return 0

    def holds(self, address: str) -> bool:
        """The right password is refused there."""
        name, secret = people.owners(10)[0]

        def answered() -> bool:
            try:
                return self.load.mail_login(name, secret, address) in (200, 401, 429)
            except OSError:
                return False

        wait_until(answered, 30)
        return self.load.mail_login(name, secret, address) == 429

    def of(self, name: str, how: str) -> dict[str, Any]:
        host, writes = self.site.of(name), name == self.site.primary
        address = self.ban()
        time.sleep(STEADY)
        before = summed(self.load.fresh(), 0)
        since = time.monotonic()
        host.kill() if how == "power" else host.cut()
        if writes:
            time.sleep(PROMOTED_AFTER)
            self.site.promote()
        held = self.holds(address)
        time.sleep(max(since + AWAY - time.monotonic(), 0))
        back = time.monotonic()
        if how == "cable":
            if writes:
                host.kill()  # before it is let in again: there is another one that writes
            host.join()
        if writes or (name in DATABASES and how == "power"):
            self.site.follow(name)
        elif how == "power":
            host.begin()
        whole = self.wait_until_whole()
        found = summed(self.load.fresh(), since)
        found |= {
            "host": "the PostgreSQL that writes" if writes else name,
            "how": how,
            "ban held": held and self.holds(address),
        }
        found |= {"failed before": before["logins that failed at first"] + before["pages that failed at first"]}
        found |= {"whole at the end": whole, "until it was back": back - since, "in all": time.monotonic() - since}
        return found

    def wait_until_whole(self) -> bool:
        """Nothing fails for five seconds, and everything says that it is well."""

        def well() -> bool:
            now = time.monotonic()
            tries = [*self.load.told.logins, *self.load.told.pages]
            return all(at < now - 5 for one in tries for at in one.failed_at) and self._says_ok()

        try:
            wait_until(well, WHOLE_WITHIN)
        except AssertionError:
            return False
        return True

    def _says_ok(self) -> bool:
        try:
            headers = {"Host": "portal.example.edu", "X-Forwarded-Proto": "https"}
            return self.load._ask(80, "GET", "/health/ready", headers)[0].status == 200
        except OSError:
            return False


def trials(site: Site, load: Load, rounds: int, names: set[str]) -> Iterator[dict[str, Any]]:
    trial = Trial(site, load)
    for _ in range(rounds):
        for name in [name for name in site.network.hosts if name != "front" and (not names or name in names)]:
            for how in ("power", "cable"):
                found = trial.of(name, how)
                print(json.dumps(found), flush=True)
                yield found


def end_of_sms() -> dict[str, Any]:
    from django.db import connection

    from accounts.delivery.models import Sms

    connection.close()  # it may have been to one that was killed
    wait_for_the_end(90)
    told = list(Sms.objects.values_list("number", "status"))
    ends = {Sms.Status.SENT, Sms.Status.DELIVERED, Sms.Status.FAILED, Sms.Status.UNKNOWN}
    return {
        "SMS": len(told), "not known": sum(status == Sms.Status.UNKNOWN for _, status in told),
        "failed": sum(status == Sms.Status.FAILED for _, status in told),
        "lost in silence": sum(status not in ends for _, status in told),
    }  # fmt: skip


def main(rounds: int, names: set[str]) -> int:
    missing = [
        f"{path} is missing: apt install {package}" for path, package in NEEDED.items() if not Path(path).exists()
    ]
    if missing or os.geteuid() != 0:
        print("\n".join(missing or ["Machines are made as root: sudo make machines"]), file=sys.stderr)
        return 1
    gateway = Gateway(takes=0.1, host="0.0.0.0")
    Thread(target=gateway.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory(prefix="mailkey-machines-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        with Network(folder) as network:
            site = Site(network, folder)
            site.begin_databases()
            site.begin_queues()
            port = gateway.server_address[1]
            os.environ |= ENVIRONMENT | {
                "DATABASE_URL": site.database_url, "CELERY_BROKER_URL": site.broker_url, "LOG_LEVEL": "WARNING",
                "ALLOWED_HOSTS": "portal.example.edu", "TRUSTED_PROXIES": "1", "SMS_ADDRESS_LIMIT": "100000",
                "STATIC_ROOT": str(folder / "static"),
                "TWILIO_BASE_URL": f"http://{HERE}:{port}", "TWILIO_READ_TIMEOUT": "1.5",
            }  # fmt: skip
            from django.core.management import call_command

            people.make(0)
            call_command("collectstatic", interactive=False, verbosity=0)
            make_people(4000)
            site.begin_mailkey(os.environ)
            load = Load(site.front.address, gateway)
            load.begin()
            try:
                Trial(site, load).wait_until_whole()
                print(json.dumps({"at the beginning": summed(load.fresh(), 0)}), flush=True)
                found = list(trials(site, load, rounds, names))
            except BaseException:
                keep(folder)
                raise
            load.end()
            total = end_of_sms() | {"sent twice": sum(times > 1 for times in gateway.asked.values())}
            keep(folder)
    print(json.dumps(total), flush=True)
    write(found, total, rounds)
    bad = (
        total["sent twice"]
        + total["lost in silence"]
        + sum(one["never done"] + (not one["ban held"]) + (not one["whole at the end"]) for one in found)
    )
    return 1 if bad else 0


def keep(folder: Path) -> None:
    """What each machine has said, for who has to find out."""
    kept = ROOT / "var" / "machines"
    kept.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", *map(str, folder.glob("*.log")), str(kept)], check=True)


HEADING = """| what was gone | how | mail logins that failed at first | pages | seconds until nothing failed | longest wait for a code |
|---|---|---|---|---|---|
"""  # noqa: E501


def write(found: list[dict[str, Any]], total: dict[str, Any], rounds: int) -> None:
    page, rows = ROOT / "docs" / "reliability.md", []
    for host, how in dict.fromkeys((one["host"], one["how"]) for one in found):
        these = [one for one in found if (one["host"], one["how"]) == (host, how)]
        shares = [
            f"{sum(one[f'{what} that failed at first'] for one in these)} of {sum(one[what] for one in these)}"
            for what in ("logins", "pages")
        ]
        whole = max(one["seconds until whole"] for one in these)
        code = max(one["longest wait for a code"] for one in these)
        rows.append(f"| {host} | {how} | {' | '.join(shares)} | {whole:.1f} | {code:.1f} s |\n")
    never, bans = sum(one["never done"] for one in found), sum(not one["ban held"] for one in found)
    text = (
        f"Each {rounds} ×, {total['SMS']} codes: {total['sent twice']} sent twice, {total['lost in silence']} lost in "
        f"silence, {total['not known']} “not known”, {total['failed']} failed; {bans} bans forgotten; {never} pages or "
        f"logins that trying again did not mend.\n\n{HEADING}{''.join(rows)}"
    )
    page.write_text(TABLE.sub(lambda match: f"{match[1]}{text}{match[2]}", page.read_text()))


if __name__ == "__main__":
    rounds, *names = sys.argv[1:] or ["1"]
    sys.exit(main(int(rounds), set(names)))
