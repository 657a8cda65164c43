from django.urls import path

from apppasswords.views.passwords import app_passwords, app_passwords_remove_all
from apppasswords.views.profiles import profile

urlpatterns = [
    path("app-passwords/", app_passwords, name="app_passwords"),
    path("app-passwords/remove-all/", app_passwords_remove_all, name="app_passwords_remove_all"),
    path("app-passwords/profile/", profile, name="profile"),
]
