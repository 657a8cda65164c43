from django.urls import path

from apppasswords.setup import addon, autoconfig, views

urlpatterns = [
    path("app-passwords/profile/", views.profile, name="profile"),
    path("app-passwords/profile/link/<int:pk>/", views.profile_link, name="profile_link"),
    # Short, for the QR code: fewer and larger squares.
    path("profile/", views.profile_open, name="profile_open"),
    path("profile/<slug:token>/", views.profile_token, name="profile_token"),
    path("thunderbird.xpi", addon.download, name="thunderbird"),
    path("mail/config-v1.1.xml", autoconfig.autoconfig, name="autoconfig"),
    path(".well-known/autoconfig/mail/config-v1.1.xml", autoconfig.autoconfig, name="autoconfig_well_known"),
    path("autodiscover/autodiscover.xml", autoconfig.autodiscover, name="autodiscover"),
    path(".well-known/user-agent-configuration.json", autoconfig.configuration, name="pacc"),
]
