from celery import shared_task


@shared_task(name="openid.delete_expired", time_limit=600, soft_time_limit=590)
def delete_expired() -> None:
    # What it stands on answers web requests: a worker needs it once a night.
    from accounts.openid import registration, validator  # noqa: PLC0415

    validator.delete_expired()
    registration.delete_expired()
