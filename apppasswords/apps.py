from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AppPasswordsConfig(AppConfig):
    name = "apppasswords"
    verbose_name = _("App passwords")
