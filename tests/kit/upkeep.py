"""What the beat starts, done here and now."""

from portal.celery import app

SWEEPS = ("jobs.sweep", "rollouts.write_reminders", "delivery.sweep")  # in the order in which one feeds the other


def register_tasks() -> None:
    """As a worker does. Without it what is queued would go to a queue, for there is nothing that could do it here."""
    app.loader.import_default_modules()


def sweep() -> None:
    for name in SWEEPS:
        app.tasks[name]()


def nightly() -> list[str]:
    """The tasks that delete what has expired, one of each subject; most of them at night."""
    planned = [entry["task"] for entry in app.conf.beat_schedule.values()]
    return [name for name in planned if name.endswith(".delete_expired")]


def delete_expired() -> None:
    for name in nightly():
        app.tasks[name]()
