"""The lists of the administration by the job that somebody comes for, not by the room of the source they stand in."""

from typing import Any, cast

from django.db.models import Model
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.aliases.models import Alias
from accounts.bans.models import Ban, Failure, KnownNetwork
from accounts.browsers.models import TrustedBrowser
from accounts.delivery.models import Mail, Sms
from accounts.directory.models import Sync
from accounts.imports.models import Roster
from accounts.log.models import SecurityEvent
from accounts.maillogins.models import MailLogin
from accounts.openid.models import Application
from accounts.owners.models import Ownership
from accounts.rollouts.models import Exemption, ReminderMail, Rollout
from accounts.routes.models import Gateway
from accounts.users.models import User
from apppasswords.models import AppPassword, Machine
from portal.office.models import Role

JOBS: tuple[tuple[Promise | str, tuple[type[Model], ...]], ...] = (
    (_("People"), (User, Ownership, Roster, Sync)),
    (_("Two-step verification"), (Rollout, Exemption, ReminderMail)),
    (_("Sign-ins and bans"), (Ban, Failure, KnownNetwork, TrustedBrowser, AppPassword, Machine, Alias, MailLogin)),
    (_("SMS and mail"), (Sms, Mail, Gateway)),
    (_("System"), (SecurityEvent, Role, Application)),
)


def name_apps() -> None:
    """What stands before the name of a list at the top of its page: the job. Some rooms are called like their list."""
    for name, models in JOBS:
        for model in models:
            model._meta.app_config.verbose_name = cast(str, name)


def by_job(apps: list[Any]) -> list[Any]:
    """What Django lists by app. Whoever sees nothing of a job does not see the job either."""
    shown = {entry["model"]: (app, entry) for app in apps for entry in app["models"]}
    found = []
    for name, models in JOBS:
        mine = [shown[model] for model in models if model in shown]
        if mine:
            found.append({**mine[0][0], "name": name, "models": [entry for _app, entry in mine]})
    return found


def of_app(jobs: list[Any], app_label: str) -> list[Any]:
    """The jobs that it is a part of."""
    return [job for job in jobs if any(entry["model"]._meta.app_label == app_label for entry in job["models"])]
