from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OpenIDConfig(AppConfig):
    name = "accounts.openid"
    label = "openid"
    verbose_name = _("Applications")
