from django.urls import path

from apppasswords.views.passwords import app_passwords, app_passwords_remove_all, connection
from apppasswords.views.profiles import profile, profile_link, profile_open, profile_token

urlpatterns = [
    path("app-passwords/", app_passwords, name="app_passwords"),
    path("app-passwords/remove-all/", app_passwords_remove_all, name="app_passwords_remove_all"),
    path("app-passwords/<int:pk>/", connection, name="connection"),
    path("app-passwords/profile/", profile, name="profile"),
    path("app-passwords/profile/link/<int:pk>/", profile_link, name="profile_link"),
    # Short, for the QR code: fewer and larger squares.
    path("profile/", profile_open, name="profile_open"),
    path("profile/<slug:token>/", profile_token, name="profile_token"),
]
