from typing import Any

from django.apps import AppConfig
from django.apps import apps as apps_of_today
from django.contrib.admin.apps import SimpleAdminConfig
from django.contrib.admin.checks import check_admin_app, check_dependencies
from django.core import checks
from django.db.models.signals import post_migrate


class OfficeConfig(AppConfig):
    name = "portal.office"
    label = "office"

    def ready(self) -> None:
        post_migrate.connect(_give_new_rights, sender=self)


def _give_new_rights(apps: Any = apps_of_today, verbosity: int = 1, **_more: Any) -> None:
    """With each upgrade, to the roles of an office that has them already."""
    from portal.office import roles  # noqa: PLC0415 (needs the models)

    if "givenright" not in apps.all_models["office"]:  # migrated backwards
        return
    for role, given, _taken in roles.give_new():
        if verbosity:
            print(f"  Role {role} may now: {', '.join(sorted(given))}")  # noqa: T201 (as Django's own handlers do)


class OfficeAdminConfig(SimpleAdminConfig):
    """The office's pages are half of what this site loads, so they come with its addresses (portal/urls.py), which a
    worker and many a command never ask for. A library's pages never come: they would show its tables, and edit them."""

    default_site = "portal.office.site.PortalAdminSite"

    def ready(self) -> None:
        checks.register(check_dependencies, checks.Tags.admin)
        checks.register(_check_pages, checks.Tags.admin)


def _check_pages(app_configs: Any, **more: Any) -> list[checks.CheckMessage]:
    """As Django does, of pages that are there by then."""
    import portal.office.admin  # noqa: F401, PLC0415

    return check_admin_app(app_configs, **more)
