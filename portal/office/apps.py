from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.utils.translation import gettext_lazy as _


class OfficeConfig(AppConfig):
    name = "portal.office"
    label = "office"
    verbose_name = _("IT office")


class OfficeAdminConfig(AdminConfig):
    default_site = "portal.office.site.PortalAdminSite"
