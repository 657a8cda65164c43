from celery import shared_task

from accounts.closures import closures


@shared_task(name="closures.run", time_limit=600, soft_time_limit=590)
def run() -> None:
    closures.run()
