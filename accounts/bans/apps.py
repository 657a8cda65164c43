from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BansConfig(AppConfig):
    name = "accounts.bans"
    label = "bans"
    verbose_name = _("Wrong passwords and bans")
