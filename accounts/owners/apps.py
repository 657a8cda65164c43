from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_delete


class OwnersConfig(AppConfig):
    name = "accounts.owners"
    label = "owners"

    def ready(self) -> None:
        # App passwords go with the row by their foreign key, on whatever way it goes; so does what they have opened.
        post_delete.connect(_end_what_is_open, sender="owners.Ownership", dispatch_uid="owners")


def _end_what_is_open(instance: Any, **_: Any) -> None:
    from accounts.mailsessions import mailsessions  # noqa: PLC0415 (needs the models)
    from accounts.mailsessions.models import Ending  # noqa: PLC0415

    mailsessions.end([instance.mailbox.username], Ending.Why.APP_PASSWORD)
