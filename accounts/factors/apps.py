from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FactorsConfig(AppConfig):
    name = "accounts.factors"
    label = "factors"
    verbose_name = _("Ways to take the second step")
