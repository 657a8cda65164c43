from django.urls import path

from apppasswords import views

urlpatterns = [
    path("app-passwords/", views.app_passwords, name="app_passwords"),
    path("app-passwords/remove-all/", views.app_passwords_remove_all, name="app_passwords_remove_all"),
]
