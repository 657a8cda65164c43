from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BrowsersConfig(AppConfig):
    name = "accounts.browsers"
    label = "browsers"
    verbose_name = _("Trusted browsers")
