"""The Celery application, and when its beat starts what. Its workers send SMS and mail."""

import os
from datetime import timedelta
from typing import Any

from celery import Celery
from celery.schedules import crontab
from celery.signals import setup_logging
from django.conf import settings
from kombu.transport import TRANSPORT_ALIASES

TRANSPORT_ALIASES["filesystem"] = "portal.development.filequeue:Transport"
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

app = Celery("mailkey")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

# What finds nothing to do costs nothing; what a busy worker did not come to is not done twice.
SWEPT = {"schedule": settings.SMS_REQUEUE_AFTER, "options": {"expires": settings.SMS_REQUEUE_AFTER.total_seconds()}}
SUMMED = {"schedule": settings.FIGURES_EVERY, "options": {"expires": settings.FIGURES_EVERY.total_seconds()}}
MINUTELY = {"schedule": timedelta(minutes=1), "options": {"expires": 60}}
# Each subject deletes what has expired of it, a minute after the other.
EXPIRING = ("apppasswords", "bans", "browsers", "delivery", "faults", "imports", "log", "maillogins", "mailsessions",
            "openid", "phones", "rollouts", "signin")  # fmt: skip
app.conf.beat_schedule = {
    "jobs-sweep": {"task": "jobs.sweep", **SWEPT},
    "rollouts-write-reminders": {"task": "rollouts.write_reminders", **SWEPT},
    "delivery-sweep": {"task": "delivery.sweep", **SWEPT},
    "faults-tell": {"task": "faults.tell", **SWEPT},
    "presses-delete-expired": {"task": "presses.delete_expired", **MINUTELY},  # secrets may be among them
    "signin-tell-owners": {"task": "signin.tell_owners", **SWEPT},
    "bans-forget-digests": {"task": "bans.forget_digests", "schedule": crontab(minute=50)},
    "log-seal": {"task": "log.seal", **SWEPT},
    "office-sum-up-today": {"task": "office.sum_up_today", **SUMMED},
    # Before what it counts is deleted; after the last receipt of the day.
    "office-sum-up-yesterday": {"task": "office.sum_up_yesterday", "schedule": crontab(hour=0, minute=20)},
    "log-verify": {"task": "log.verify", "schedule": crontab(hour=4, minute=40)},
} | {
    f"{subject}-delete-expired": {
        "task": f"{subject}.delete_expired",
        "schedule": crontab(hour=4, minute=10 + minutes),
    }
    for minutes, subject in enumerate(EXPIRING)
}


@setup_logging.connect
def keep_djangos_logging(**_: Any) -> None:
    """Being connected is the whole job: Celery then leaves the loggers as settings.LOGGING made them."""
