from django.urls import include, path

from apppasswords import views

urlpatterns = [
    path("app-passwords/", views.app_passwords, name="app_passwords"),
    path("app-passwords/remove-all/", views.app_passwords_remove_all, name="app_passwords_remove_all"),
    path("app-passwords/<int:pk>/", views.connection, name="connection"),
    path("", include("apppasswords.setup.urls")),
]
