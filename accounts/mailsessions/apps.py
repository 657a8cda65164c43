from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_delete


class MailSessionsConfig(AppConfig):
    name = "accounts.mailsessions"
    label = "mailsessions"

    def ready(self) -> None:
        # As a row goes with the account by its foreign key, so does what a mail server keeps open for it.
        post_delete.connect(_end_of_deleted, sender="accounts.User", dispatch_uid="mailsessions")


def _end_of_deleted(instance: Any, **_: Any) -> None:
    from accounts.mailsessions import mailsessions  # noqa: PLC0415 (needs the models)
    from accounts.mailsessions.models import Ending  # noqa: PLC0415

    mailsessions.end([instance.username], Ending.Why.DELETED)
