"""Workers are killed, messages come twice, the gateway times out, the broker freezes: is any code sent twice, or lost?

    python -m benchmarks.storm [CODES [KILLS]]

A thousand codes and a hundred kills by default, and as many messages that come twice as kills; one in twenty answers
of the gateway comes too late; the broker freezes twice. Ends with 1 if the gateway was asked twice for one SMS, or if
one ended in silence: each must be sent, failed or not known, and what is said to be sent must have been asked for.
"""

import json
import random
import sys
import time
from collections import Counter
from contextlib import suppress
from threading import Timer
from typing import Any

from benchmarks import machine
from benchmarks.sending import Gateway, Site, ask, site, wait_for_the_end

FROZEN_FOR = 4.0  # seconds
WORKERS = 2
TO_BEGIN = 60.0  # seconds that a busy machine takes for a worker; killed sooner, none would ever send


def again(pk: int) -> None:
    """The same message once more."""
    from celery import signature

    with suppress(Exception):  # the broker may be frozen just now
        signature("delivery.send_sms", args=[pk]).apply_async()


def freeze(running: Site) -> None:
    running.redis.program.freeze()
    Timer(FROZEN_FOR, running.redis.program.thaw).start()


def storm(running: Site, codes: int, kills: int) -> Counter[str]:
    """Workers begin in turn, so that there is always one whose end is a loss."""
    done: Counter[str] = Counter()
    workers = [running.worker("--concurrency", "4") for _ in range(WORKERS)]
    pks: list[int] = []
    for turn in range(kills):
        if turn in (kills // 3, 2 * kills // 3):
            freeze(running)
            done["frozen"] += 1
        while len(pks) < codes * (turn + 1) // kills:
            pks.append(ask(len(pks)))
        again(random.choice(pks))
        done["twice"] += 1
        before, give_up = running.gateway.asked.total(), time.monotonic() + TO_BEGIN
        while running.gateway.asked.total() == before and time.monotonic() < give_up:
            time.sleep(0.05)  # something is being sent
        time.sleep(random.random() * 0.3)
        victim = workers.pop(0)
        victim.kill()
        done["killed"] += 1
        workers.append(running.worker("--concurrency", "4"))
    return done


def judge(gateway: Gateway) -> dict[str, Any]:
    from accounts.delivery.models import Attempt, Sms
    from accounts.routes.models import Outage

    rows = list(Sms.objects.values_list("number", "status", "error"))
    ends = {Sms.Status.SENT, Sms.Status.DELIVERED, Sms.Status.FAILED, Sms.Status.UNKNOWN}
    told = {Sms.Status.SENT, Sms.Status.DELIVERED}
    return {
        "outcomes": Counter(status for _number, status, _error in rows),
        "why": Counter(error for _number, _status, error in rows if error),
        "attempts": Counter(Attempt.objects.values_list("outcome", flat=True)),
        "outages": Outage.objects.count(),
        "asked": len(gateway.asked),
        "sent twice": [who for who, times in gateway.asked.items() if times > 1],
        "lost in silence": [who for who, status, _error in rows if status not in ends],
        "said to be sent, and never asked for": [
            who for who, status, _error in rows if status in told and who not in gateway.asked
        ],
    }


def main(codes: int = 1000, kills: int = 100) -> int:
    print(machine.told(), file=sys.stderr, flush=True)  # what is found is one line of JSON
    gateway = Gateway(takes=0.1, share_of_timeouts=0.05)
    with site(gateway, SMS_REQUEUE_AFTER="1s", SMS_LOST_AFTER="8s", SMS_CODE_LIFETIME="100s") as running:
        running.beat()
        began = time.monotonic()
        done = storm(running, codes, kills)
        try:
            wait_for_the_end(150)
        except AssertionError:
            print(running.log()[-5000:], file=sys.stderr)
        found = judge(gateway)
        found |= {"codes": codes, **done, "seconds": round(time.monotonic() - began)}
        print(json.dumps(found, indent=1), flush=True)
    broken = [name for name in ("sent twice", "lost in silence", "said to be sent, and never asked for") if found[name]]
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:3])))
