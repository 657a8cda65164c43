from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RolloutsConfig(AppConfig):
    name = "accounts.rollouts"
    label = "rollouts"
    verbose_name = _("Roll-out of two-step")
