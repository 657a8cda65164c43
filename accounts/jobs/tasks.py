from celery import shared_task

from accounts.jobs import jobs


@shared_task(name="jobs.sweep")
def sweep() -> None:
    """Queue again what lost its worker. The first that the queue refuses ends it: the next sweep is seconds away."""
    for job in jobs.lost():
        if not jobs.publish(job):
            return
