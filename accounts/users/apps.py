from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class UsersConfig(AppConfig):
    name = "accounts.users"
    label = "accounts"
    verbose_name = _("Accounts")
