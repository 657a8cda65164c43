from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ClosuresConfig(AppConfig):
    name = "accounts.closures"
    label = "closures"
    verbose_name = _("Accounts that end")
