"""One machine of each kind, of which one thing after the other goes wrong, twenty times each, while people and mail
programs go on.

    python -m benchmarks.machines.faults [TIMES] [FAULT ...]        (make faults ARGS='20 postgresql-frozen')

As root, like `make machines`. Nobody acts: what dies is started again after two seconds, as systemd does it. What is
frozen, cut off or silent is so for three seconds. Ends with 1 if something was lost, sent twice, or not whole in time.
Writes the table into docs/reliability.md, of all runs since var/machines/faults.jsonl was deleted.
"""

import sys
import time
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from benchmarks.machines.report import Found, Report, seconds, share
from benchmarks.machines.running import Running, missing, running
from benchmarks.machines.trial import Trial

LASTS = 3.0  # seconds
QUIET = 2.5  # seconds


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


def gateway(*, is_dead: bool) -> Deed:
    return lambda running: setattr(running.gateway, "is_dead", is_dead)


FAULTS = {
    "postgresql-dies": Fault("PostgreSQL is killed", *dies("pg1")),
    "postgresql-frozen": Fault("PostgreSQL says nothing", *freezes("pg1")),
    "postgresql-cut": Fault("PostgreSQL is cut off", *is_cut_off("pg1")),
    "redis-dies": Fault("Redis is killed", *dies("rd1")),
    "redis-frozen": Fault("Redis says nothing", *freezes("rd1")),
    "portal-dies": Fault("the portal is killed", *dies("web1")),
    "portal-cut": Fault("the portal is cut off", *is_cut_off("web1")),
    "mail-dies": Fault("the mail login service is killed", *dies("mail1")),
    "mail-frozen": Fault("the mail login service says nothing", *freezes("mail1")),
    "worker-dies": Fault("worker and beat are killed", *dies("work1")),
    "worker-frozen": Fault("worker and beat stand still", *freezes("work1")),
    "gateway": Fault("the gateway hangs up", *for_a_while(gateway(is_dead=True), gateway(is_dead=False))),
}
HEADING = """| what happened | times | mail logins that failed at first | pages | the office sees | seconds from then until nothing failed: half of them, all | longest wait for a code |
|---|---|---|---|---|---|---|
"""  # noqa: E501


def _row(these: list[Found]) -> list[str]:
    seen = sorted({one["health"] for one in these})
    return [
        share(these, "logins"), share(these, "pages"), "; ".join(f"`{health}`" for health in seen),
        seconds(these, "seconds until whole"), f"{max(one['longest wait for a code'] for one in these):.1f} s",
    ]  # fmt: skip


REPORT = Report("faults", HEADING, _row)


def main(times: int, names: list[str]) -> int:
    if why := missing():
        print("\n".join(why), file=sys.stderr)
        return 1
    with running(alone=True) as site:
        trial = Trial(site.load, quiet=QUIET)
        trial.wait_until_whole()
        site.load.fresh()
        try:
            for name in names or FAULTS:
                fault = FAULTS[name]
                for _ in range(times):
                    found = trial.of(partial(fault.begin, site), partial(fault.end, site))
                    REPORT.note({"what": fault.called, **found})
        finally:  # also of a run that is ended
            REPORT.note(site.end())
    return 0 if REPORT.write() else 1


if __name__ == "__main__":
    times, *names = sys.argv[1:] or ["20"]
    sys.exit(main(int(times), names))
