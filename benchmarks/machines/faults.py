"""One machine of each kind, of which one thing after the other goes wrong, twenty times each, while people and mail
programs go on.

    python -m benchmarks.machines.faults [TIMES] [FAULT ...]        (make faults ARGS='20 postgresql-frozen')

As root, like `make machines`, and with slapd and python-ldap. Nobody acts: what dies is started again after two
seconds, as systemd does it. What is frozen, cut off, full or silent is so for three seconds. Ends with 1 if something
was lost, sent twice, or not whole in time. Writes the table into docs/reliability.md, of all runs since
var/machines/faults.jsonl was deleted.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import NamedTuple

import psycopg
from redis import Redis

from benchmarks.machines.hosts import LOGS
from benchmarks.machines.report import Found, Report, seconds, share
from benchmarks.machines.running import TAKES, Running, missing, running
from benchmarks.machines.trial import Trial

LASTS = 3.0  # seconds
QUIET = 2.5  # seconds
MAILS = 5  # at once


Deed = Callable[[Running], None]


class Fault(NamedTuple):
    called: str
    begin: Deed
    end: Deed


def _nothing(_running: Running) -> None:
    pass


def dies(host: str) -> tuple[Deed, Deed]:
    """It is started again, and looked at when it must have been."""
    return for_a_while(lambda running: running.site.of(host).crash(), _nothing)


def for_a_while(begin: Deed, end: Deed) -> tuple[Deed, Deed]:
    def wait_and_end(running: Running) -> None:
        time.sleep(LASTS)
        end(running)

    return begin, wait_and_end


def freezes(host: str) -> tuple[Deed, Deed]:
    return for_a_while(lambda running: running.site.of(host).freeze(), lambda running: running.site.of(host).thaw())


def is_cut_off(host: str) -> tuple[Deed, Deed]:
    return for_a_while(lambda running: running.site.of(host).cut(), lambda running: running.site.of(host).join())


USUALLY: dict[str, float] = {"is_dead": False, "refuses": False, "says_nonsense": False, "takes": TAKES}


def gateway(**how: float) -> tuple[Deed, Deed]:
    """What it is meanwhile."""

    def be(what: dict[str, float], running: Running) -> None:
        vars(running.gateway).update(what)

    return for_a_while(partial(be, how), partial(be, {name: USUALLY[name] for name in how}))


def database_says(begin: str, end: str) -> tuple[Deed, Deed]:
    def say(words: str, running: Running) -> None:
        with running.site.session(running.site.primary) as session:
            for statement in ("SET default_transaction_read_only = off", words, "SELECT pg_reload_conf()"):
                session.execute(statement)

    return for_a_while(partial(say, begin), partial(say, end))


def database_restarts(running: Running) -> None:
    os.kill(running.site.postmaster(), signal.SIGINT)


def disk(name: str) -> tuple[Deed, Deed]:
    def fill(running: Running) -> None:
        running.site.network.disks[name].fill()
        if name in running.site.databases:
            _use_up_the_journal(running)

    return for_a_while(fill, lambda running: running.site.network.disks[name].free())


def _use_up_the_journal(running: Running) -> None:
    """What of it lies ready is written too; the one after it has no room."""
    with suppress(psycopg.Error), running.site.session(running.site.primary) as session:
        for _ in range(64):
            session.execute("SELECT pg_logical_emit_message(true, 'full', 'full'), pg_switch_wal()")


def redis(does: Callable[[Redis], object]) -> Deed:
    def do(running: Running) -> None:
        with Redis(running.site.of("rd1").address) as client:
            does(client)

    return do


def has_memory(most: int) -> Callable[[Redis], object]:
    return lambda client: client.config_set("maxmemory", most)


def clocks(off: float) -> tuple[Deed, Deed]:
    """Of all machines but the database's: it is the one that they go by."""
    return for_a_while(lambda running: running.site.set_clocks(1, off), lambda running: running.site.set_clocks(1, 0))


def mail_server_hangs(running: Running) -> None:
    running.mails.is_silent = True
    running.write_mails(MAILS)


def mail_server_answers(running: Running) -> None:
    running.mails.is_silent = False


def names_die(running: Running) -> None:
    """And what is connected to the gateway has to connect anew."""
    running.gateway.takes_leave = True
    running.site.of("ns1").freeze()


def names_come_back(running: Running) -> None:
    running.gateway.takes_leave = False
    running.site.of("ns1").thaw()


READS = "ALTER SYSTEM SET default_transaction_read_only = on"
WRITES = "ALTER SYSTEM RESET default_transaction_read_only"
FAULTS = {
    "postgresql-dies": Fault("PostgreSQL is killed", *dies("pg1")),
    "postgresql-frozen": Fault("PostgreSQL says nothing", *freezes("pg1")),
    "postgresql-cut": Fault("PostgreSQL is cut off", *is_cut_off("pg1")),
    "postgresql-restarts": Fault("PostgreSQL is restarted", *for_a_while(database_restarts, _nothing)),
    "postgresql-reads": Fault("PostgreSQL only reads", *database_says(READS, WRITES)),
    "postgresql-full": Fault("PostgreSQL's disk is full", *disk("pg1")),
    "redis-dies": Fault("Redis is killed", *dies("rd1")),
    "redis-frozen": Fault("Redis says nothing", *freezes("rd1")),
    "redis-flushed": Fault("Redis is emptied", *for_a_while(redis(Redis.flushall), _nothing)),
    "redis-full": Fault("Redis has no memory", *for_a_while(redis(has_memory(1)), redis(has_memory(0)))),
    "portal-dies": Fault("the portal is killed", *dies("web1")),
    "portal-cut": Fault("the portal is cut off", *is_cut_off("web1")),
    "mail-dies": Fault("the mail login service is killed", *dies("mail1")),
    "mail-frozen": Fault("the mail login service says nothing", *freezes("mail1")),
    "worker-dies": Fault("worker and beat are killed", *dies("work1")),
    "worker-frozen": Fault("worker and beat stand still", *freezes("work1")),
    "gateway": Fault("the gateway hangs up", *gateway(is_dead=True)),
    "gateway-slow": Fault("the gateway takes five seconds", *gateway(takes=5.0)),
    "gateway-refuses": Fault("the gateway refuses to work for us", *gateway(refuses=True)),
    "gateway-nonsense": Fault("the gateway answers nonsense", *gateway(says_nonsense=True)),
    "mail-server": Fault("the mail server says nothing", *for_a_while(mail_server_hangs, mail_server_answers)),
    "names": Fault("the name server is dead", *for_a_while(names_die, names_come_back)),
    "clocks-ahead": Fault("clocks go an hour ahead", *clocks(3600)),
    "clocks-behind": Fault("clocks go back an hour", *clocks(-3600)),
    "logs-full": Fault("the disk of the logs is full", *disk(LOGS)),
    "directory-frozen": Fault("the directory says nothing", *freezes("dir1")),
}
OF_DIRECTORIES = {"directory-frozen"}  # where all passwords are in one
HEADING = """| what happened | times | mail logins that failed at first | pages | the office sees | seconds from then until nothing failed and no code was late: half of them, all | from its end | longest wait for a code | codes lost, sent twice |
|---|---|---|---|---|---|---|---|---|
"""  # noqa: E501


def _row(these: list[Found]) -> list[str]:
    seen = sorted({one["health"] for one in these})
    return [
        share(these, "logins"), share(these, "pages"), "; ".join(f"`{health}`" for health in seen),
        seconds(these, "seconds until whole"), seconds(these, "after it was mended"),
        f"{max(one['longest wait for a code'] for one in these):.1f} s",
        f"{sum(one['codes that did not come'] for one in these)}, {sum(one['sent twice'] for one in these)}",
    ]  # fmt: skip


REPORT = Report("faults", HEADING, _row)


def _try(faults: list[Fault], times: int, *, has_directory: bool) -> None:
    with running(alone=True, has_directory=has_directory) as site:
        trial = Trial(site.load, quiet=QUIET)
        trial.wait_until_whole()
        site.load.fresh()
        try:
            for _ in range(times):
                for fault in faults:
                    found = trial.of(partial(fault.begin, site), partial(fault.end, site))
                    REPORT.note({"what": fault.called, **found})
        finally:  # also of a run that is ended
            REPORT.note(site.end())


def main(times: int, names: list[str]) -> int:
    if why := missing():
        print("\n".join(why), file=sys.stderr)
        return 1
    chosen = list(names or FAULTS)
    of_directories = [name for name in chosen if name in OF_DIRECTORIES]
    if of_directories and len(of_directories) < len(chosen):  # settings are read once: each site has its own process
        others = [name for name in chosen if name not in OF_DIRECTORIES]
        again = [sys.executable, "-m", "benchmarks.machines.faults", str(times)]
        return max(subprocess.run([*again, *of], check=False).returncode for of in (of_directories, others))
    _try([FAULTS[name] for name in chosen], times, has_directory=bool(of_directories))
    return 0 if REPORT.write() else 1


if __name__ == "__main__":
    times, *names = sys.argv[1:] or ["20"]
    sys.exit(main(int(times), names))
