from django.apps import AppConfig
from django.core.checks import register
from django.utils.translation import gettext_lazy as _


class SetupConfig(AppConfig):
    name = "apppasswords.setup"
    label = "setup"
    verbose_name = _("Mail programs")

    def ready(self) -> None:
        from apppasswords.setup.checks import check_profile_signing  # noqa: PLC0415 (models are ready only now)

        register(check_profile_signing)
