from celery import shared_task

from accounts.signin import alarms, authorizations, sessions


@shared_task(name="signin.delete_expired", time_limit=600, soft_time_limit=590)
def delete_expired() -> None:
    authorizations.delete_expired()
    sessions.delete_expired()


@shared_task(name="signin.tell_owners")
def tell_owners() -> None:
    alarms.tell_owners()
