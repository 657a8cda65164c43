from celery import shared_task

from accounts.signin import alarms


@shared_task(name="signin.tell_owners")
def tell_owners() -> None:
    alarms.tell_owners()
