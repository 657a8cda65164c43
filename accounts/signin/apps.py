from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SignInConfig(AppConfig):
    name = "accounts.signin"
    label = "signin_pages"  # accounts.sessions, where its table lies, has the shorter
    verbose_name = _("Sign-in")
