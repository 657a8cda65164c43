from celery import shared_task

from portal.operations import heartbeats


@shared_task(name="operations.heard")
def heard(queue: str) -> None:
    heartbeats.note(queue)


@shared_task(name="operations.delete_expired")
def delete_expired() -> None:
    heartbeats.delete_expired()
