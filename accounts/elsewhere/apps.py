from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ElsewhereConfig(AppConfig):
    name = "accounts.elsewhere"
    label = "elsewhere"
    verbose_name = _("Sign-in elsewhere")
