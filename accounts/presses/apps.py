from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PressesConfig(AppConfig):
    name = "accounts.presses"
    label = "presses"
    verbose_name = _("Forms that were sent")
