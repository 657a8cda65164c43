from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SessionsConfig(AppConfig):
    name = "accounts.sessions"
    label = "signin"  # django.contrib's sessions have the other
    verbose_name = _("Sign-ins")
