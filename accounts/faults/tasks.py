from celery import shared_task

from accounts.faults import faults


@shared_task(name="faults.tell", time_limit=120, soft_time_limit=110)
def tell() -> None:
    faults.tell()


@shared_task(name="faults.delete_expired")
def delete_expired() -> None:
    faults.delete_expired()
