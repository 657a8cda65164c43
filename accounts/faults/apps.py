from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FaultsConfig(AppConfig):
    name = "accounts.faults"
    label = "faults"
    verbose_name = _("Errors of ours")
