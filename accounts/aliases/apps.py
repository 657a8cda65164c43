from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AliasesConfig(AppConfig):
    name = "accounts.aliases"
    label = "aliases"
    verbose_name = _("Other addresses")
