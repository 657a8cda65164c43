"""The Celery application, and when its beat starts what. Its workers send SMS and mail."""

import logging
import os
import sys
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from datetime import timedelta
from typing import Any

from celery import Celery
from celery.schedules import crontab
from celery.signals import (
    before_task_publish,
    setup_logging,
    task_postrun,
    task_prerun,
    worker_init,
    worker_process_init,
    worker_ready,
)
from django.conf import settings
from django.db import DatabaseError, close_old_connections, connection
from django.urls import get_resolver, reverse
from django.utils import translation
from kombu.exceptions import KombuError, OperationalError
from kombu.transport import TRANSPORT_ALIASES

from accounts.lib import garbage, loglines
from portal import broker

logger = logging.getLogger(__name__)

TRANSPORT_ALIASES["filesystem"] = "portal.development.filequeue:Transport"
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
os.environ.setdefault("CELERY_SKIP_CHECKS", "on")  # `migrate` has checked; checks load every page

app = Celery("mailkey", amqp=broker.AMQP)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

# What finds nothing to do costs nothing. What no worker came to for half a day is dropped: by the worker's clock, which
# may be off, so it cannot be sooner.
OLD = {"expires": timedelta(hours=12).total_seconds()}
SWEPT = {"schedule": settings.SMS_REQUEUE_AFTER, "options": OLD}
SUMMED = {"schedule": settings.FIGURES_EVERY, "options": OLD}
MINUTELY = {"schedule": timedelta(minutes=1), "options": OLD}
HEARD = {"task": "operations.heard", "schedule": timedelta(seconds=10)}
# With SQLite there is one machine, whose parts end together; and whoever writes keeps all others from it.
IS_SHARED = not settings.DATABASES["default"]["ENGINE"].endswith("sqlite3")
QUEUES = {settings.CELERY_TASK_DEFAULT_QUEUE, *(str(route["queue"]) for route in settings.CELERY_TASK_ROUTES.values())}
# Each subject deletes what has expired of it, a minute after the other.
EXPIRING = ("apppasswords", "bans", "browsers", "delivery", "elsewhere", "faults", "imports", "log", "maillogins",
            "mailsessions", "office", "openid", "operations", "phones", "rollouts", "routes", "signin")  # fmt: skip
app.conf.beat_schedule = (
    {
        "apppasswords-ask-owners": {"task": "apppasswords.ask_owners", "schedule": crontab(hour=9, minute=5)},
        "apppasswords-look-at-ends": {"task": "apppasswords.look_at_ends", **MINUTELY},
        "jobs-sweep": {"task": "jobs.sweep", **SWEPT},
        "rollouts-write-reminders": {"task": "rollouts.write_reminders", **SWEPT},
        "delivery-ask-gateways": {"task": "delivery.ask_gateways", **MINUTELY},
        "delivery-sweep": {"task": "delivery.sweep", **SWEPT},
        "faults-tell": {"task": "faults.tell", **SWEPT},
        "directory-delete-expired": {"task": "directory.delete_expired", **MINUTELY},  # digests of right passwords
        "presses-delete-expired": {"task": "presses.delete_expired", **MINUTELY},  # secrets may be among them
        "signin-tell-owners": {"task": "signin.tell_owners", **SWEPT},
        "routes-watch": {"task": "routes.watch", "schedule": timedelta(minutes=10), "options": OLD},
        "bans-forget-digests": {"task": "bans.forget_digests", "schedule": crontab(minute=50)},
        "log-seal": {"task": "log.seal", **SWEPT},
        "office-sum-up-today": {"task": "office.sum_up_today", **SUMMED},
        # Before what it counts is deleted; after the last receipt of the day.
        "office-sum-up-yesterday": {"task": "office.sum_up_yesterday", "schedule": crontab(hour=0, minute=20)},
        "delivery-check-gateways": {"task": "delivery.check_gateways", "schedule": crontab(hour=5, minute=10)},
        **(
            {"directory-sync-people": {"task": "directory.sync_people", "schedule": crontab(minute=25)}}
            if settings.LDAP_SYNC
            else {}
        ),
        **(
            {"directory-sync-changes": {"task": "directory.sync_changes", "schedule": settings.LDAP_CHANGES_EVERY}}
            if settings.LDAP_SYNC and settings.LDAP_CHANGES_EVERY
            else {}
        ),
        "closures-run": {"task": "closures.run", "schedule": crontab(minute=5), "options": OLD},
        "office-erase": {"task": "office.erase", "schedule": crontab(hour=5, minute=20), "options": OLD},
        "log-verify": {"task": "log.verify", "schedule": crontab(hour=4, minute=40)},
    }
    | {
        f"{subject}-delete-expired": {
            "task": f"{subject}.delete_expired",
            "schedule": crontab(hour=4, minute=10 + minutes),
        }
        for minutes, subject in enumerate(EXPIRING)
    }
    | {
        f"operations-heard-{queue}": {**HEARD, "args": [queue], "options": {**OLD, "queue": queue}}
        for queue in QUEUES
        if IS_SHARED
    }
)


def waiting(queues: Iterable[str]) -> dict[str, int] | None:
    """Messages that no worker took yet; None if the broker does not answer. In two seconds at most, with Redis."""
    connection = app.connection_for_write(transport_options=broker.BRIEFLY)
    try:
        with connection:
            connection.ensure_connection(max_retries=0)
            return {queue: _length(connection, queue) for queue in queues}
    except (OperationalError, KombuError, OSError, *connection.connection_errors):
        return None


def _length(connection: Any, queue: str) -> int:
    try:
        return int(connection.default_channel.queue_declare(queue=queue, passive=True).message_count)
    except connection.channel_errors:
        return 0


WATCHED_EVERY = 2.0  # seconds


@worker_ready.connect
def watch_itself(sender: Any, **_: Any) -> None:
    """A worker whose broker was away may be connected again and take nothing for ever. It ends then, and systemd
    starts another."""
    if not app.conf.broker_url.startswith(("filesystem:", "memory:")):
        names = [str(queue) for queue in sender.app.amqp.queues.consume_from]
        threading.Thread(target=_end_if_stuck, args=(names,), name="watch", daemon=True).start()


def _end_if_stuck(queues: list[str]) -> None:
    from celery.worker import state  # noqa: PLC0415 - the web server has no worker

    done, since = 0, time.monotonic()
    while True:
        time.sleep(WATCHED_EVERY)
        taken = sum(state.total_count.values())
        # Not while the broker is away: then there is nothing to be had.
        if taken != done or state.active_requests or not any((waiting(queues) or {}).values()):
            done, since = taken, time.monotonic()
        if time.monotonic() - since > settings.WORKER_STUCK_AFTER.total_seconds():
            logger.critical("Work waits in %s and this worker takes none: it ends, to be started again", queues)
            os._exit(1)


REQUEST = "request"  # a header of each message


@before_task_publish.connect
def name_the_request(headers: dict[str, Any], **_: Any) -> None:
    """Whatever a page asks a worker for."""
    headers[REQUEST] = loglines.current()


@task_prerun.connect
def go_on_with_it(task: Any, **_: Any) -> None:
    """Its lines in the log are found by the same name. A task of the beat's has none."""
    loglines.go_on(task.request.get(REQUEST) or "")


# Celery closes what a task was connected by, and connecting anew costs PostgreSQL more than all else of an SMS.
# Django's own rule holds instead, as between two requests: CONN_MAX_AGE, and what is broken.
app.conf["CELERY_DB_REUSE_MAX"] = sys.maxsize


@task_prerun.connect
@task_postrun.connect
def keep_connections(sender: Any, **_: Any) -> None:
    if not sender.request.is_eager:
        close_old_connections()


@worker_init.connect
def load_what_is_shared(**_: Any) -> None:
    """Once, and not in each process while its first code waits: gateways, and the address of ours that they are given,
    for which all pages are loaded, in each language."""
    from accounts.delivery import gateways  # noqa: PLC0415 - models are to be had only now

    get_resolver().url_patterns  # noqa: B018 - it is made when it is asked for
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            reverse("sign_in")
    gateways.load()
    garbage.leave_what_is_loaded()


@worker_process_init.connect
def ask_the_time(**_: Any) -> None:
    """Before the first task compares anything with a clock that may be off."""
    with suppress(DatabaseError):
        connection.ensure_connection()


@setup_logging.connect
def keep_djangos_logging(**_: Any) -> None:
    """Being connected is the whole job: Celery then leaves the loggers as settings.LOGGING made them."""
