from celery import shared_task

from accounts.sessions import authorizations, signins
from accounts.sessions.storage import store


@shared_task(name="signin.delete_expired", time_limit=600, soft_time_limit=590)
def delete_expired() -> None:
    authorizations.delete_expired()
    signins.delete_expired()
    store.delete_expired()
