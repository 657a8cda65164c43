from django.apps import apps
from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from django.views.i18n import set_language

import portal.office.admin  # noqa: F401 (the pages of the office are there from now on)
from accounts.security.activity_views import activity, not_me
from accounts.security.views import phone_unbind
from apppasswords import passwords
from portal import pages
from portal.mydata.views import my_data
from portal.operations import health

handler500 = "portal.database.middleware.failed"
urlpatterns = [
    path("", pages.home, name="home"),
    path("", include("accounts.urls")),
    # Here, because it is where both apps meet: what mail programs did is part of the activity, and two of the pages
    # offer to remove the app passwords too.
    path("security/activity/", activity, {"uses": passwords.uses}, name="activity"),
    path(
        "security/activity/not-me/",
        not_me,
        {"uses": passwords.uses, "app_passwords": passwords.of, "remove_app_passwords": passwords.remove_all},
        name="not_me",
    ),
    path(
        "security/phone/unbind/",
        phone_unbind,
        {"app_passwords": passwords.of, "remove_app_passwords": passwords.remove_all},
        name="phone_unbind",
    ),
    path("", include("apppasswords.urls")),
    path("language/", login_not_required(set_language), name="set_language"),
    path("health/live", health.live, name="health_live"),
    path("health/ready", health.ready, name="health_ready"),
    path("theme.css", pages.theme_css, name="theme"),
    path("security/data/", my_data, name="my_data"),
    path("privacy/", pages.privacy, name="privacy"),
    path("logo", pages.logo, name="logo"),
    path("admin/", admin.site.urls),
]
if apps.is_installed("portal.development"):
    urlpatterns.append(path("", include("portal.development.urls")))
