from celery import shared_task

from accounts.sessions import authorizations, sessions, signins


@shared_task(name="signin.delete_expired", time_limit=600, soft_time_limit=590)
def delete_expired() -> None:
    authorizations.delete_expired()
    signins.delete_expired()
    sessions.delete_expired()
