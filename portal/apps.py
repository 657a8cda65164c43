import django_stubs_ext
from django.apps import AppConfig

# Lets generic classes of Django be written with their types. Apps are imported before the first model.
# Not in settings: it brings the admin with it, and forms and templates, to processes that show no page.
django_stubs_ext.monkeypatch()


class PortalConfig(AppConfig):
    name = "portal"

    def ready(self) -> None:
        import portal.celery  # noqa: PLC0415 (from now on this process knows its queue)
        import portal.checks  # noqa: F401, PLC0415 (which are registered)
