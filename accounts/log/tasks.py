from celery import shared_task

from accounts.log import chain, events


@shared_task(name="log.seal")
def seal() -> None:
    """Those whose own process did not come to it."""
    chain.seal_all()


@shared_task(name="log.delete_expired", time_limit=600, soft_time_limit=590)
def delete_expired() -> None:
    events.delete_expired()
