from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MailLoginsConfig(AppConfig):
    name = "accounts.maillogins"
    label = "maillogins"
    verbose_name = _("Mail logins")
